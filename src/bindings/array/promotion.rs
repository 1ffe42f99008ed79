//! The dtype of two arguments that meet, by NumPy's rules.

use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyEllipsis, PyFloat, PyInt};

use super::dtypes::dtype_of;
use super::input::Input;
use super::modules::numpy;
use super::output::Output;
use crate::bindings::argument::Arg;
use crate::dtype::{DType, Kind};

/// An array so long that it is converted block by block, where it is used, and not copied whole.
const LONG: usize = 1 << 13;

/// The dtype that NumPy promotes two arguments to, and the arguments, long ones in a dtype of their own; `None` if it
/// is not in the table.
pub fn promote<'py>(
    args: [Arg; 2],
    objects: [&Bound<'py, PyAny>; 2],
    [left, right]: [Input<'py>; 2],
) -> PyResult<Option<(DType, [Input<'py>; 2])>> {
    if left.dtype() == right.dtype() && left.shape().len().min(right.shape().len()) > 0 {
        return Ok(Some((left.dtype(), [left, right])));
    }
    // Small numbers of Python's own take the dtype of the array in every version of NumPy.
    if left.shape().is_empty() != right.shape().is_empty() {
        let side = usize::from(right.shape().is_empty());
        let array = if side == 0 { &right } else { &left };
        let dtype = array.dtype();
        if takes_dtype(objects[side], dtype) {
            let number = number(args[side], objects[side], array)?;
            return Ok(Some((dtype, if side == 0 { [number, right] } else { [left, number] })));
        }
    }
    let Some(dtype) = common_dtype(objects, [&left, &right])? else { return Ok(None) };
    let convert = |side: usize, input: Input<'py>| match is_number(objects[side]) {
        true => {
            let number = numpy(objects[side].py(), "asarray")?.call1((objects[side], dtype.name()))?;
            Input::new(args[side], &number)
        }
        false if input.len() >= LONG => Ok(input),
        false => input.cast(dtype),
    };
    Ok(Some((dtype, [convert(0, left)?, convert(1, right)?])))
}

/// The dtype that NumPy promotes two arguments to, or `None` if it is not in the table.
pub fn common_dtype(objects: [&Bound<'_, PyAny>; 2], inputs: [&Input<'_>; 2]) -> PyResult<Option<DType>> {
    // A number of Python's own has no dtype: NumPy looks at its kind or value.
    let subject = |side: usize| match is_number(objects[side]) {
        true => objects[side].clone(),
        false => inputs[side].object().clone(),
    };
    dtype_of(&numpy(objects[0].py(), "result_type")?.call1((subject(0), subject(1)))?)
}

/// A Python number as an array without axes, of the dtype of another.
fn number<'py>(arg: Arg, number: &Bound<'py, PyAny>, other: &Input<'py>) -> PyResult<Input<'py>> {
    let py = number.py();
    let array = Output::like(py, arg.function, other.dtype(), &[], &[other])?
        .finish()?
        .cast_into::<PyUntypedArray>()?;
    array.set_item(PyEllipsis::get(py), number)?;
    Input::new(arg, &array)
}

/// Whether a number is small enough to leave the dtype of an array as it is, even where NumPy
/// looks at the value (before version 2).
fn takes_dtype(number: &Bound<'_, PyAny>, dtype: DType) -> bool {
    let range = match dtype.kind() {
        Kind::Bool => return false,
        Kind::Unsigned => 0.0..=127.0,
        Kind::Signed | Kind::Float | Kind::Complex => -127.0..=127.0,
    };
    let allowed = match dtype.kind() {
        Kind::Float | Kind::Complex => {
            number.is_exact_instance_of::<PyFloat>() || number.is_exact_instance_of::<PyInt>()
        }
        _ => number.is_exact_instance_of::<PyInt>(),
    };
    allowed && number.extract::<f64>().is_ok_and(|value| range.contains(&value))
}

fn is_number(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyComplex>()
        || object.is_exact_instance_of::<PyBool>()
}
