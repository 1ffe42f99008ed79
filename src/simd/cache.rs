//! The caches of this CPU, as the system describes them.

use crate::kept::Kept;

/// Bytes of the last-level cache for each of the CPUs that share it; `None` where the system does not say.
pub fn cache_share() -> Option<usize> {
    static SHARE: Kept<Option<usize>> = Kept::new();
    *SHARE.get_or(read)
}

#[cfg(target_os = "linux")]
fn read() -> Option<usize> {
    use std::fs::read_to_string;
    // In the order of their levels; instructions have caches of their own in the first ones only.
    let last = (0..8)
        .map(|index| format!("/sys/devices/system/cpu/cpu0/cache/index{index}"))
        .take_while(|folder| std::path::Path::new(folder).exists())
        .last()?;
    let text = |name| read_to_string(format!("{last}/{name}")).ok();
    share(&text("size")?, &text("shared_cpu_list")?)
}

#[cfg(not(target_os = "linux"))]
fn read() -> Option<usize> {
    None
}

/// From a size such as `32768K` and a list of CPUs such as `0-3,8-11`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn share(size: &str, cpus: &str) -> Option<usize> {
    let size = size.trim();
    let (number, unit) = size.split_at(size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len()));
    let unit = match unit {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        _ => return None,
    };
    let bytes = number.parse::<usize>().ok()?.checked_mul(unit)?;
    let mut count = 0usize;
    for range in cpus.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse::<usize>().ok()?, last.parse::<usize>().ok()?);
        count = count.checked_add(last.checked_sub(first)?)?.checked_add(1)?;
    }
    Some(bytes / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_the_size_for_each_cpu() {
        assert_eq!(share("32768K\n", "0-1\n"), Some(16 << 20));
        assert_eq!(share("12M", "0-3,8-11"), Some((12 << 20) / 8));
        assert_eq!(share("512", "5"), Some(512));
        for (size, cpus) in [("", "0"), ("K", "0"), ("32G", "0"), ("1K", ""), ("1K", "3-1"), ("1K", "a-b")] {
            assert_eq!(share(size, cpus), None, "{size} {cpus}");
        }
    }
}
