//! The elements of some ranks in a run of keys that may be put into another order.
//!
//! Quickselect (Hoare 1961) of the middle rank, then of those below it and above it, each in its part.

use super::key::Key;

/// So few keys are sorted in less time than parted.
const SORTED: usize = 16;

/// Calls `take` with the index of each rank in `ranks` and its key. The ranks ascend, may come several times, and
/// are less than the number of keys.
pub fn select<K: Key>(keys: &mut [K], ranks: &[u64], take: &mut dyn FnMut(usize, K)) {
    if keys.len() <= SORTED {
        keys.sort_unstable();
        return ranks.iter().enumerate().for_each(|(index, &rank)| take(index, keys[rank as usize]));
    }
    within(keys, 0, ranks, 0, take);
}

fn within<K: Key>(keys: &mut [K], first: u64, ranks: &[u64], index: usize, take: &mut dyn FnMut(usize, K)) {
    if ranks.is_empty() {
        return;
    }
    let middle = (ranks.len() - 1) / 2;
    let rank = (ranks[middle] - first) as usize;
    let (below, key, above) = if rank == 0 {
        // The neighbour of a rank that was selected before: no more than a minimum.
        let at = least(keys);
        keys.swap(0, at);
        let (key, above) = keys.split_first_mut().expect("each rank has a key");
        (&mut [][..], *key, above)
    } else {
        let (below, key, above) = keys.select_nth_unstable(rank);
        (below, *key, above)
    };
    let start = ranks[..middle].partition_point(|&other| other < ranks[middle]);
    let end = middle + ranks[middle..].partition_point(|&other| other == ranks[middle]);
    (start..end).for_each(|at| take(index + at, key));
    within(below, first, &ranks[..start], index, take);
    within(above, first + rank as u64 + 1, &ranks[end..], index + end, take);
}

/// The index of the least key.
fn least<K: Key>(keys: &[K]) -> usize {
    let least = keys.iter().fold(K::MAX, |least, &key| if key < least { key } else { least });
    keys.iter().position(|&key| key == least).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_ranks_are_those_of_the_sorted_keys() {
        for len in [1u64, 2, 7, 100] {
            let keys: Vec<i32> = (0..len as i32).map(|i| i * 7919 % 31).collect();
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            let sets: [Vec<u64>; 5] = [
                vec![0],
                vec![len - 1],
                vec![0, 0, len / 2, len / 2, len / 2, len - 1, len - 1],
                (0..len).collect(),
                (0..len).filter(|i| i % 5 < 2).collect(),
            ];
            for ranks in sets {
                let mut found = vec![None; ranks.len()];
                select(&mut keys.clone(), &ranks, &mut |index, key| found[index] = Some(key));
                let expected: Vec<_> = ranks.iter().map(|&rank| Some(sorted[rank as usize])).collect();
                assert_eq!(found, expected);
            }
        }
    }
}
