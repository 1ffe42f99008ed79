//! Numbers in Python lists and tuples, read where they lie.
//!
//! The stable ABI reaches an item and its value by two function calls, and with them a sum takes longer than
//! `sum()` itself: 2.4 to 6 times as long on 3.14 and 3.15. What these versions add (`PyList_GetItemRef`,
//! `PyLong_Export`) are calls for each item too, and a wheel for 3.11 cannot make them. Read in place, the sum of
//! a list of ints is 1.6 to 2.7 times as fast as `sum()` (docs/benchmarks.md).
//!
//! No version promises these layouts. So they are used only in the versions whose headers were read, and
//! there only if objects of known value prove them, each kind apart: one that has changed turns off only
//! itself. What is not proved goes through the calls.
//!
//! | object | its type and lengths say | layout on 64-bit systems, from 3.11 to 3.15 |
//! |---|---|---|
//! | any | | reference count, type at 8 |
//! | list | at least 32 bytes | length at 16, pointer to the items at 24; null where there are none |
//! | tuple | 24 bytes and 8 an item; 32 from 3.14, which keeps the hash at 24 | length at 16, then the items at the end of the fixed part |
//! | float | 24 bytes | the value at 16 |
//! | int | 24 bytes and 4 a digit | at 16, up to 3.11: signed number of digits; from 3.12: sign in the low two bits, number of digits above the low three. At 24 digits of 30 bits |
//!
//! A free-threaded interpreter has two counts, a thread and a lock in front of the type: all is 16 bytes further. There
//! a list is read in its critical section, which everything that changes a list takes.
#![allow(unsafe_code)]

use std::ops::RangeInclusive;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyList, PyTuple, PyType};

use crate::bindings::cached::cached;

/// The minor versions of CPython 3 whose headers were read.
const VERSIONS: RangeInclusive<u8> = 11..=15;

/// Where the type of an object is.
const TYPE: usize = if cfg!(Py_GIL_DISABLED) { 24 } else { 8 };
/// Where the length of a list or tuple is, the value of a float, and sign and length of an int.
const HEAD: usize = TYPE + 8;
/// Where the digits of an int are, and the pointer to the items of a list; the size of a float, and of an int
/// without its digits.
const BODY: usize = TYPE + 16;

/// The longest int that is read in place, in digits: with a limit known to the compiler a sum takes 4 % less time.
pub const MAX_DIGITS: usize = 64;

/// How an int holds its sign and length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Length {
    /// A signed number of digits.
    Signed,
    /// The sign in the low bits.
    Tagged,
}

impl Length {
    /// Whether the int is negative, and its number of digits.
    #[inline(always)]
    fn split(self, word: usize) -> (bool, usize) {
        match self {
            Length::Signed => ((word as isize) < 0, (word as isize).unsigned_abs()),
            Length::Tagged => (word & 3 == 2, word >> 3),
        }
    }
}

/// An item whose value can be read in place: a bool, or an exact float or int, the latter not too long.
#[derive(Debug, PartialEq)]
pub enum Item<'a> {
    /// An int of up to 60 bits, or a bool.
    Int(i64),
    /// A longer int: negative or not, and its digits of 30 bits, at most [`MAX_DIGITS`], the lowest first.
    BigInt(bool, &'a [u32]),
    /// A float.
    Float(f64),
}

/// The address of a type whose layout is proved; 0 if it is not: no object is of that type.
type ProvedType = usize;

/// What is proved about this interpreter.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    length: Length,
    int: ProvedType,
    bool: ProvedType,
    float: ProvedType,
    /// Whether lists are as in the table.
    list: bool,
    /// Where the items of a tuple start.
    tuple: Option<usize>,
}

/// The items of a list or tuple, while nothing can change it: the interpreter is attached, no Python code runs, and
/// where there is no lock of the interpreter a list is in its critical section.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    layout: Layout,
    items: &'a [usize],
}

/// Reads a word of an object.
///
/// # Safety
/// `object` is the address of a live object of at least `offset + 8` bytes.
#[inline(always)]
unsafe fn word(object: usize, offset: usize) -> usize {
    // SAFETY: the caller's promise; objects are aligned to words.
    unsafe { *((object + offset) as *const usize) }
}

impl Layout {
    /// What is proved about this interpreter.
    #[inline]
    pub fn get(py: Python<'_>) -> Self {
        static LAYOUT: PyOnceLock<Layout> = PyOnceLock::new();
        // An error, such as no memory, proves nothing: the next call tries again.
        cached(py, &LAYOUT, || Self::prove(py)).copied().unwrap_or(Self::UNKNOWN)
    }

    const UNKNOWN: Layout =
        Layout { length: Length::Tagged, int: 0, bool: 0, float: 0, list: false, tuple: None };

    /// The names of the types that are read in place.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let proved = [
            ("bool", self.bool != 0),
            ("float", self.float != 0),
            ("int", self.int != 0),
            ("list", self.list),
            ("tuple", self.tuple.is_some()),
        ];
        proved.into_iter().filter(|&(_, proved)| proved).map(|(name, _)| name)
    }

    #[cold]
    fn prove(py: Python<'_>) -> PyResult<Self> {
        let mut layout = Self::UNKNOWN;
        let version = py.version_info();
        let implementation = py.import("sys")?.getattr("implementation")?.getattr("name")?;
        if size_of::<usize>() != 8
            || !implementation.eq("cpython")?
            || version.major != 3
            || !VERSIONS.contains(&version.minor)
        {
            return Ok(layout);
        }
        let floats = [0.0, -1.5, 1e300].map(|value| (PyFloat::new(py, value).into_any(), value));
        let of_floats = PyList::new(py, floats.iter().map(|(float, _)| float))?;
        if sizes(&py.get_type::<PyFloat>())? == (BODY, 0) && floats.iter().all(is_float) {
            layout.float = type_address(&raw mut ffi::PyFloat_Type);
        }
        let ints = Int::samples(py);
        if sizes(&py.get_type::<PyInt>())? == (BODY, 4) {
            let right = |length: &Length| ints.iter().all(|int| int.is_right(*length));
            if let Some(length) = [Length::Signed, Length::Tagged].into_iter().find(right) {
                layout.length = length;
                layout.int = type_address(&raw mut ffi::PyLong_Type);
                if Int::bools(py).iter().all(|int| int.is_right(length)) {
                    layout.bool = type_address(&raw mut ffi::PyBool_Type);
                }
            }
        }
        layout.list = is_list(&of_floats)?;
        layout.tuple = items_of_tuple(&of_floats.to_tuple())?;
        Ok(layout)
    }

    /// Whether ints are read in place.
    #[inline(always)]
    pub fn reads_ints(self) -> bool {
        self.int != 0
    }

    /// The number of digits of 30 bits of an exact int, if ints are read in place.
    #[inline(always)]
    pub fn digits(self, number: &Bound<'_, PyAny>) -> Option<usize> {
        let object = number.as_ptr() as usize;
        // SAFETY: all live objects have a type, and one whose type is proved is as in the table.
        unsafe { (word(object, TYPE) == self.int).then(|| self.length.split(word(object, HEAD)).1) }
    }

    /// The items of an exact list, if lists are read in place. The caller is in its critical section.
    pub fn list<'a>(self, list: &'a Bound<'_, PyList>) -> Option<Items<'a>> {
        // SAFETY: at `BODY` is a pointer to as many items as the list is long, all of them live objects
        // between calls. That of an empty list may be null.
        let items = self.list.then(|| unsafe {
            let start = word(list.as_ptr() as usize, BODY) as *const usize;
            if list.is_empty() { &[] } else { std::slice::from_raw_parts(start, list.len()) }
        })?;
        Some(Items { layout: self, items })
    }

    /// The items of an exact tuple, if tuples are read in place.
    pub fn tuple<'a>(self, tuple: &'a Bound<'_, PyTuple>) -> Option<Items<'a>> {
        let start = self.tuple? + tuple.as_ptr() as usize;
        // SAFETY: as many items as the tuple is long are in the object itself, from there on.
        let items = unsafe { std::slice::from_raw_parts(start as *const usize, tuple.len()) };
        Some(Items { layout: self, items })
    }
}

/// The bytes of the fixed part of an object of a type, and of each item that follows it.
fn sizes(class: &Bound<'_, PyType>) -> PyResult<(usize, usize)> {
    Ok((class.getattr("__basicsize__")?.extract()?, class.getattr("__itemsize__")?.extract()?))
}

fn type_address(class: *mut ffi::PyTypeObject) -> ProvedType {
    class as usize
}

/// Whether a float of the size in the table has its type and value where that says.
fn is_float((float, value): &(Bound<'_, PyAny>, f64)) -> bool {
    let object = float.as_ptr() as usize;
    // SAFETY: the object has `BODY` bytes.
    let (class, bits) = unsafe { (word(object, TYPE), word(object, HEAD)) };
    class == type_address(&raw mut ffi::PyFloat_Type) && bits as u64 == value.to_bits()
}

/// An int to prove the layout with, of an object of `BODY` bytes and 4 for each digit.
struct Int<'py> {
    object: Bound<'py, PyAny>,
    class: usize,
    negative: bool,
    digits: Vec<u32>,
}

impl<'py> Int<'py> {
    /// Ints of up to three digits.
    fn samples(py: Python<'py>) -> Vec<Self> {
        let values = [0, 1, 2, 7, 255, 256, (1 << 30) - 1, 1 << 30, 1 << 45, (1 << 60) - 1, (1 << 75) + 5];
        let sample = |value: i128| {
            let mut digits = Vec::new();
            let mut remaining = value.unsigned_abs();
            while remaining > 0 {
                digits.push(remaining as u32 & ((1 << 30) - 1));
                remaining >>= 30;
            }
            let class = type_address(&raw mut ffi::PyLong_Type);
            Int { object: PyInt::new(py, value).into_any(), class, negative: value < 0, digits }
        };
        values.into_iter().chain(values.map(|value| -value)).map(sample).collect()
    }

    /// The two bools.
    fn bools(py: Python<'py>) -> [Self; 2] {
        [(false, vec![]), (true, vec![1])].map(|(value, digits)| {
            let class = type_address(&raw mut ffi::PyBool_Type);
            Int { object: PyBool::new(py, value).to_owned().into_any(), class, negative: false, digits }
        })
    }

    /// Whether type, sign, length and digits are where the table says.
    fn is_right(&self, length: Length) -> bool {
        let object = self.object.as_ptr() as usize;
        // SAFETY: the object has `BODY` bytes.
        let (class, head) = unsafe { (word(object, TYPE), word(object, HEAD)) };
        if class != self.class || length.split(head) != (self.negative, self.digits.len()) {
            return false;
        }
        // SAFETY: the object has at least 4 bytes for each digit after the first `BODY`.
        let digits = unsafe { std::slice::from_raw_parts((object + BODY) as *const u32, self.digits.len()) };
        digits == self.digits
    }
}

/// Whether a list has its items where the table says.
fn is_list(list: &Bound<'_, PyList>) -> PyResult<bool> {
    let py = list.py();
    if sizes(&py.get_type::<PyList>())?.0 < BODY + 8 {
        return Ok(false);
    }
    let empty = PyList::empty(py);
    // SAFETY: a list has at least `BODY` bytes and 8.
    let words = |list: &Bound<'_, PyList>| unsafe {
        let object = list.as_ptr() as usize;
        [word(object, HEAD), word(object, BODY)]
    };
    let [len, start] = words(list);
    if words(&empty) != [0, 0] || len != list.len() || start == 0 || start % align_of::<usize>() != 0 {
        return Ok(false);
    }
    // SAFETY: null in an empty list and an address in another, in a version of which this is known: it
    // points to as many items as the list is long.
    let items = unsafe { std::slice::from_raw_parts(start as *const usize, len) };
    Ok(items.iter().zip(list).all(|(&item, object)| item == object.as_ptr() as usize))
}

/// Where the items of a tuple start, if it is as the table says.
fn items_of_tuple(tuple: &Bound<'_, PyTuple>) -> PyResult<Option<usize>> {
    let (start, 8) = sizes(&tuple.py().get_type::<PyTuple>())? else { return Ok(None) };
    if start != BODY && start != BODY + 8 {
        return Ok(None);
    }
    let object = tuple.as_ptr() as usize;
    // SAFETY: a tuple has `start` bytes, at least `BODY`, and 8 for each item.
    let right = unsafe {
        word(object, HEAD) == tuple.len()
            && tuple.iter().enumerate().all(|(i, item)| word(object, start + 8 * i) == item.as_ptr() as usize)
    };
    Ok(right.then_some(start))
}

impl<'a> Items<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Copies the floats that lie side by side from an index on, as many as fit; how many these are.
    #[inline]
    pub fn floats(&self, start: usize, into: &mut [f64]) -> usize {
        let mut count = 0;
        for (&object, float) in self.items[start..].iter().zip(into) {
            // SAFETY: as in `get`.
            unsafe {
                if word(object, TYPE) != self.layout.float {
                    break;
                }
                *float = f64::from_bits(word(object, HEAD) as u64);
            }
            count += 1;
        }
        count
    }

    /// The item, if its value can be read in place.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Item<'a>> {
        let object = self.items[index];
        // SAFETY: the items are live objects, of which all have a type. Those of the types that are
        // proved are as in the table: an int has `BODY` bytes and as many digits as it says, a float `BODY`.
        unsafe {
            let class = word(object, TYPE);
            if class == self.layout.int || class == self.layout.bool {
                let (negative, len) = self.layout.length.split(word(object, HEAD));
                if len > MAX_DIGITS {
                    return None;
                }
                let digits = std::slice::from_raw_parts((object + BODY) as *const u32, len);
                let value = match *digits {
                    [] => 0,
                    [low] => i64::from(low),
                    [low, high] => i64::from(low) | i64::from(high) << 30,
                    _ => return Some(Item::BigInt(negative, digits)),
                };
                Some(Item::Int(if negative { -value } else { value }))
            } else if class == self.layout.float {
                Some(Item::Float(f64::from_bits(word(object, HEAD) as u64)))
            } else {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One interpreter runs the other tests; these are the words of all.
    #[test]
    fn sign_and_length_of_an_int_are_those_of_its_version() {
        // Up to 3.11: 0, two digits, three negative ones.
        let of_3_11 = [0, 2, -3_isize as usize].map(|word| Length::Signed.split(word));
        assert_eq!(of_3_11, [(false, 0), (false, 2), (true, 3)]);
        // From 3.12: the sign is 0, 1 for zero, 2 for negative.
        let of_3_12 = [1, 2 << 3, 3 << 3 | 2].map(|word| Length::Tagged.split(word));
        assert_eq!(of_3_12, [(false, 0), (false, 2), (true, 3)]);
        // From 3.14 a bit between them says that the int is immortal.
        let of_3_14 = [1 | 4, 1 << 3 | 4, 1 << 3 | 4 | 2].map(|word| Length::Tagged.split(word));
        assert_eq!(of_3_14, [(false, 0), (false, 1), (true, 1)]);
    }
}
