//! The different keys of groups of rows.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::alloc::try_reserve;
use crate::error::{Error, Result};

/// Between the fields of a key: no text has it.
pub const BETWEEN: u8 = 0;

/// Different keys, each with a number from 0.
#[derive(Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    table: HashTable<u32>,
    state: RandomState,
}

impl Keys {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.table.clear();
    }

    /// The key of a number.
    pub fn get(&self, index: usize) -> &[u8] {
        key(&self.bytes, &self.ends, index)
    }

    /// The number of a key, which is a new one if it has not been seen.
    pub fn number(&mut self, wanted: &[u8]) -> Result<u32> {
        let Keys { bytes, ends, table, state } = self;
        let hash = state.hash_one(wanted);
        if let Some(&found) = table.find(hash, |&index| key(bytes, ends, index as usize) == wanted) {
            return Ok(found);
        }
        let too_many = |_| Error::Memory { bytes: usize::MAX };
        let index = u32::try_from(ends.len()).map_err(too_many)?;
        try_reserve(bytes, wanted.len())?;
        try_reserve(ends, 1)?;
        let again = |&index: &u32| state.hash_one(key(bytes, ends, index as usize));
        table.try_reserve(1, again).map_err(|_| Error::Memory { bytes: usize::MAX })?;
        bytes.extend_from_slice(wanted);
        ends.push(bytes.len());
        table.insert_unique(hash, index, |&index| state.hash_one(key(bytes, ends, index as usize)));
        Ok(index)
    }
}

fn key<'a>(bytes: &'a [u8], ends: &[usize], index: usize) -> &'a [u8] {
    let start = if index == 0 { 0 } else { ends[index - 1] };
    &bytes[start..ends[index]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_number() -> Result<()> {
        let mut keys = Keys::default();
        for round in 0..2 {
            for index in 0..5000_u32 {
                let key = (index * 7).to_string();
                assert_eq!(keys.number(key.as_bytes())?, index, "{round}");
                assert_eq!(keys.get(index as usize), key.as_bytes());
            }
            assert_eq!(keys.len(), 5000);
        }
        assert_eq!((keys.number(b"")?, keys.number(b"x")?, keys.number(b"")?), (5000, 5001, 5000));
        keys.clear();
        assert_eq!((keys.len(), keys.number(b"x")?), (0, 0));
        Ok(())
    }
}
