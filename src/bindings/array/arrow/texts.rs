//! Arrays of strings, of every kind, read one by one.
#![allow(unsafe_code)]

use std::marker::PhantomData;

use pyo3::prelude::*;

use super::reader::{Range, Reader, named};
use super::structures::{ArrowArray, ArrowSchema};

impl Reader<'_> {
    /// Calls `each` with the texts of an array, and with `None` for a null.
    pub fn texts(
        self,
        schema: &ArrowSchema,
        array: &ArrowArray,
        each: &mut dyn FnMut(Option<&[u8]>) -> PyResult<()>,
    ) -> PyResult<()> {
        let len = self.size(array.length, "length")?;
        let range = self.range(array, Range { start: 0, len })?;
        let format = self.format(schema)?;
        // Nulls alone have no buffers: the length is whatever the producer says, and no loop is worth it.
        if len == 0 || (format == "n" && schema.dictionary.is_null()) {
            return Ok(());
        }
        let is_valid = self.validity(array)?;
        // SAFETY: a schema and an array of values live as long as those whose dictionary they are.
        let dictionary = unsafe { (schema.dictionary.as_ref(), array.dictionary.as_ref()) };
        let (of_schema, values) = match dictionary {
            (Some(schema), Some(values)) => (schema, values),
            (None, None) => {
                let texts = self.strings(schema, array, range)?;
                for index in range.start..range.start + range.len {
                    each(if is_valid(index) { Some(texts.get(self, index)?) } else { None })?;
                }
                return Ok(());
            }
            _ => return Err(self.malformed("a dictionary without its schema or its values")),
        };
        let count = self.size(values.length, "length")?;
        let all = self.range(values, Range { start: 0, len: count })?;
        let is_valid_value = self.validity(values)?;
        let texts = self.strings(of_schema, values, all)?;
        if array.n_buffers != 2 {
            return Err(self.malformed("indices with other than two buffers"));
        }
        let indices = self.buffer(array, 1)?.cast::<u8>();
        if indices.is_null() {
            return Err(self.malformed("an array without its values"));
        }
        let size = match format {
            "c" | "C" => 1,
            "s" | "S" => 2,
            "i" | "I" => 4,
            "l" | "L" => 8,
            _ => return Err(self.malformed("a dictionary whose indices are no integers")),
        };
        for index in range.start..range.start + range.len {
            if !is_valid(index) {
                each(None)?;
                continue;
            }
            let mut bytes = [0; 8];
            // SAFETY: the buffer holds an index of this size for each element up to the end of the range.
            unsafe { std::ptr::copy_nonoverlapping(indices.add(index * size), bytes.as_mut_ptr(), size) };
            // A negative index is larger than any length, and so is refused as well.
            let place = u64::from_le_bytes(if cfg!(target_endian = "little") {
                bytes
            } else {
                bytes[..size].reverse();
                bytes
            });
            let place = usize::try_from(place).ok().filter(|&place| place < count);
            let Some(place) = place else { return Err(self.malformed("an index beyond its dictionary")) };
            let place = all.start + place;
            each(if is_valid_value(place) { Some(texts.get(self, place)?) } else { None })?;
        }
        Ok(())
    }

    /// Tells of each element of an array, counted from the start of its memory, whether it is no null.
    fn validity<'a>(self, array: &'a ArrowArray) -> PyResult<impl Fn(usize) -> bool + 'a> {
        let bits = self.validity_bits(array)?;
        // SAFETY: the buffer holds a bit for each element of the array, and callers ask for no other.
        Ok(move |index: usize| bits.is_null() || unsafe { *bits.add(index / 8) } >> (index % 8) & 1 == 1)
    }

    /// The texts of an array, in a range of it.
    fn strings<'a>(self, schema: &ArrowSchema, array: &'a ArrowArray, range: Range) -> PyResult<Strings<'a>> {
        let format = self.format(schema)?;
        let is_wide = match format {
            "u" => false,
            "U" => true,
            "vu" => return self.views(array),
            _ => {
                return Err(self.arg.type_error(
                    format_args!("Arrow data of the type {}", named(format)),
                    "one column of strings, of any kind",
                ));
            }
        };
        if array.n_buffers != 3 {
            return Err(self.malformed("an array of strings with other than three buffers"));
        }
        let offsets = self.buffer(array, 1)?.cast::<u8>();
        let data = self.buffer(array, 2)?.cast();
        // How many bytes there are, the last offset says: none may lie beyond.
        let size = match range.start + range.len {
            // A dictionary without entries.
            _ if range.len == 0 => 0,
            _ if offsets.is_null() => return Err(self.malformed("strings without their offsets")),
            end => self.offset(offsets, is_wide, end)?,
        };
        Ok(Strings::Offsets { offsets, is_wide, data, size, owner: PhantomData })
    }

    /// The offset at an index.
    fn offset(self, offsets: *const u8, is_wide: bool, index: usize) -> PyResult<usize> {
        // SAFETY: there is one offset more than there are elements, and callers ask for no other.
        let value = unsafe {
            match is_wide {
                true => offsets.cast::<i64>().add(index).read_unaligned(),
                false => i64::from(offsets.cast::<i32>().add(index).read_unaligned()),
            }
        };
        let offset = isize::try_from(value).ok().and_then(|value| usize::try_from(value).ok());
        offset.ok_or_else(|| self.malformed("a negative offset"))
    }

    fn views<'a>(self, array: &'a ArrowArray) -> PyResult<Strings<'a>> {
        let count = self.size(array.n_buffers, "number of buffers")?;
        if count < 3 {
            return Err(self.malformed("string views with fewer than three buffers"));
        }
        let views = self.buffer(array, 1)?.cast::<u8>();
        let lengths = self.buffer(array, count - 1)?.cast::<i64>();
        if views.is_null() || (lengths.is_null() && count > 3) {
            return Err(self.malformed("string views without their buffers"));
        }
        let mut buffers = Vec::new();
        for index in 0..count - 3 {
            // SAFETY: the last buffer holds the lengths of those between it and the views.
            let len = self.size(unsafe { lengths.add(index).read_unaligned() }, "length of a buffer")?;
            let data = self.buffer(array, index + 2)?.cast::<u8>();
            if (data.is_null() && len > 0) || isize::try_from(len).is_err() {
                return Err(self.malformed("string views without their data"));
            }
            buffers.push((data, len));
        }
        Ok(Strings::Views { views, buffers, owner: PhantomData })
    }
}

/// The texts of an array that lives.
enum Strings<'a> {
    /// One after the other, with where each begins, in so many bytes.
    Offsets {
        offsets: *const u8,
        is_wide: bool,
        data: *const u8,
        size: usize,
        owner: PhantomData<&'a ArrowArray>,
    },
    /// In 16 bytes each: a short one, or the length, the buffer and the place in it.
    Views { views: *const u8, buffers: Vec<(*const u8, usize)>, owner: PhantomData<&'a ArrowArray> },
}

impl<'a> Strings<'a> {
    /// The text at an index within the array, counted from the start of its memory.
    fn get(&self, reader: Reader<'_>, index: usize) -> PyResult<&'a [u8]> {
        match *self {
            Strings::Offsets { offsets, is_wide, data, size, .. } => {
                let start = reader.offset(offsets, is_wide, index)?;
                let end = reader.offset(offsets, is_wide, index + 1)?;
                match end.checked_sub(start) {
                    Some(0) => Ok(&[]),
                    Some(len) if end <= size && !data.is_null() => {
                        // SAFETY: the bytes up to the last offset are there, and nothing changes them.
                        Ok(unsafe { std::slice::from_raw_parts(data.add(start), len) })
                    }
                    _ => Err(reader.malformed("offsets that go back, or strings without their data")),
                }
            }
            Strings::Views { views, ref buffers, .. } => {
                // SAFETY: there are 16 bytes for each element.
                let view: &'a [u8] = unsafe { std::slice::from_raw_parts(views.add(16 * index), 16) };
                let field =
                    |at: usize| i32::from_ne_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]);
                let Ok(len) = usize::try_from(field(0)) else {
                    return Err(reader.malformed("a string view of negative length"));
                };
                if len <= 12 {
                    return Ok(&view[4..4 + len]);
                }
                let buffer = usize::try_from(field(8)).ok().and_then(|index| buffers.get(index));
                match (buffer, usize::try_from(field(12))) {
                    (Some(&(data, size)), Ok(start)) if start <= size && len <= size - start => {
                        // SAFETY: within the buffer, as was seen; nothing changes it.
                        Ok(unsafe { std::slice::from_raw_parts(data.add(start), len) })
                    }
                    _ => Err(reader.malformed("a string view beyond its buffer")),
                }
            }
        }
    }
}
