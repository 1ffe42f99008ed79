//! The sum of the numbers in a Python object, each reached in the fastest way that its container has.

use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyList, PyRange, PyTuple};

use super::cpython_layout::{self, Item, Items, Layout};
use super::total::Total;
use crate::alloc::try_reserve;
use crate::bindings::argument::Arg;
use crate::bindings::error::Named;
use crate::error::Result;
use crate::kernels::reduce::integers;
use crate::parallel::{self, Work};

/// Items of a list that a thread takes at a time.
const PART: usize = 1 << 15;
/// Floats that are added at once.
const FLOATS: usize = 256;
/// A list so long that it is worth waking threads.
const LONG: usize = 1 << 17;

const _: () = assert!(cpython_layout::MAX_DIGITS <= integers::MAX_DIGITS, "what is read can be added");

/// The names of the types of numbers and containers that are read in place here.
pub fn read_in_place(py: Python<'_>) -> Vec<&'static str> {
    Layout::get(py).names().collect()
}

/// The sum of what is iterated over in `numbers`, an argument.
pub fn sum<'py>(arg: Arg, numbers: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = numbers.py();
    let layout = Layout::get(py);
    let in_place = if let Ok(list) = numbers.cast_exact::<PyList>() {
        with_critical_section(numbers, || layout.list(list).map(sum_in_place))
    } else if let Ok(tuple) = numbers.cast_exact::<PyTuple>() {
        layout.tuple(tuple).map(sum_in_place)
    } else if let Ok(range) = numbers.cast_exact::<PyRange>() {
        return sum_of_range(range);
    } else {
        None
    };
    if let Some(part) = in_place {
        let Part { mut total, others } = part.named(arg.function)?;
        // The others may run Python code, which may change the list: `get_item` checks.
        for index in others {
            total.add_object(arg.item(index), &numbers.get_item(index)?)?;
        }
        return total.finish(py);
    }
    let mut total = Total::default();
    for (index, item) in arg.items(numbers, "an iterable of numbers")?.enumerate() {
        total.add_object(arg.item(index), &item?)?;
    }
    total.finish(py)
}

/// The sum of a range is that of its ends, times half its length.
fn sum_of_range<'py>(range: &Bound<'py, PyRange>) -> PyResult<Bound<'py, PyAny>> {
    let len = range.call_method0("__len__").or_else(|_| {
        // Longer than `len` can say.
        let span = range.getattr("stop")?.sub(range.getattr("start")?)?;
        let step = range.getattr("step")?;
        span.add(&step)?
            .sub(step.call_method0("__abs__")?.div(&step)?.call_method0("__int__")?)?
            .floor_div(&step)
    })?;
    if len.eq(0)? {
        return Ok(len);
    }
    let ends = range.get_item(0)?.add(range.get_item(-1)?)?;
    ends.mul(len)?.floor_div(2)
}

/// What a thread makes of a part of a list.
#[derive(Default)]
struct Part {
    total: Total,
    /// Indices of the items that cannot be read in place.
    others: Vec<usize>,
}

/// The sum of what can be read in place.
fn sum_in_place(items: Items<'_>) -> Result<Part> {
    if items.len() <= PART { sum_of_part(&items, 0, items.len()) } else { sum_of_parts(&items) }
}

fn sum_of_parts(items: &Items<'_>) -> Result<Part> {
    // The interpreter stays attached, so nothing changes the list while threads read it.
    let work = if items.len() < LONG { Work::serial() } else { Work::with_threads(parallel::num_threads()) };
    let parts: Vec<Part> = work.map(items.len().div_ceil(PART), |part| {
        sum_of_part(items, part * PART, items.len().min((part + 1) * PART))
    })?;
    let mut whole = Part::default();
    for part in parts {
        whole.total.merge(part.total);
        whole.others.extend(part.others);
    }
    Ok(whole)
}

fn sum_of_part(items: &Items<'_>, start: usize, end: usize) -> Result<Part> {
    let mut part = Part::default();
    let mut floats = [0.0; FLOATS];
    let mut index = start;
    while index < end {
        match items.get(index) {
            Some(Item::Float(_)) => {
                let most = FLOATS.min(end - index);
                let count = items.floats(index, &mut floats[..most]);
                part.total.add_floats(&floats[..count]);
                index += count;
                continue;
            }
            Some(Item::Int(value)) => part.total.integers.add(value),
            Some(Item::BigInt(negative, digits)) => part.total.integers.add_digits(negative, digits),
            None => {
                try_reserve(&mut part.others, 1)?;
                part.others.push(index);
            }
        }
        index += 1;
    }
    Ok(part)
}
