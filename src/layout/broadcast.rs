//! Shapes that meet, by NumPy's rules.

/// The shape of two arrays together: they are aligned at their last axes, and an axis of length one is as long
/// as that of the other. `None` where they do not fit.
pub fn broadcast_shapes(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    if a == b {
        return Some(a.to_vec());
    }
    let ndim = a.len().max(b.len());
    let length =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(ndim).map_or(1, |at| shape[at]);
    (0..ndim)
        .map(|axis| match (length(a, axis), length(b, axis)) {
            (x, y) if x == y => Some(x),
            (1, len) | (len, 1) => Some(len),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_broadcast_as_numpys_do() {
        assert_eq!(broadcast_shapes(&[2, 1], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast_shapes(&[], &[0, 1]), Some(vec![0, 1]));
        assert_eq!(broadcast_shapes(&[1, 0], &[4, 1]), Some(vec![4, 0]));
        assert_eq!(broadcast_shapes(&[2], &[3]), None);
        assert_eq!(broadcast_shapes(&[0], &[2]), None);
    }
}
