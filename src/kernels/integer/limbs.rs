//! Numbers as limbs: from bytes, and without leading zeros.

use crate::alloc::try_vec;
use crate::error::Result;
use crate::parallel::Work;

/// Limbs after which a signal is looked for where they are only copied.
pub(super) const STRETCH: usize = 1 << 16;

/// The number that `bytes` hold, the lowest first.
pub fn from_le_bytes(bytes: &[u8], work: &Work<'_>) -> Result<Vec<u64>> {
    let mut limbs = try_vec(bytes.len().div_ceil(8))?;
    for part in bytes.chunks(8 * STRETCH) {
        work.check()?;
        let (words, last) = part.split_at(part.len() / 8 * 8);
        limbs.extend(
            words.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes"))),
        );
        if !last.is_empty() {
            let mut word = [0; 8];
            word[..last.len()].copy_from_slice(last);
            limbs.push(u64::from_le_bytes(word));
        }
    }
    Ok(limbs)
}

/// `x` without leading zeros.
pub fn trimmed(x: &[u64]) -> &[u64] {
    &x[..x.iter().rposition(|&limb| limb != 0).map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_limbs_whatever_their_number() {
        for len in 0..40 {
            let bytes: Vec<u8> = (1..=len).collect();
            let limbs = from_le_bytes(&bytes, &Work::serial()).expect("memory");
            assert_eq!(limbs.len(), bytes.len().div_ceil(8));
            let back: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
            assert_eq!(back[..bytes.len()], bytes);
            assert!(back[bytes.len()..].iter().all(|&byte| byte == 0));
        }
        assert_eq!(trimmed(&[0, 5, 0, 0]), [0, 5]);
        assert!(trimmed(&[0, 0]).is_empty());
    }
}
