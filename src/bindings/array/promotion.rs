//! The dtype of two arguments that meet, by NumPy's rules.

use num_complex::Complex;
use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyEllipsis, PyFloat, PyInt};

use super::dtypes::dtype_of;
use super::input::Input;
use super::modules::numpy;
use super::output::Output;
use crate::bindings::argument::Arg;
use crate::dtype::{DType, Kind, dispatch};
use crate::layout::Convert;

/// An array so long that it is converted block by block, where it is used, and not copied whole.
const LONG: usize = 1 << 13;

/// The dtype that NumPy promotes two arguments to, and the arguments as arrays, long ones in a dtype of their own;
/// `None` where NumPy has to do the work, as a dtype is not in the table.
pub fn promote<'py>(
    args: [Arg; 2],
    objects: [&Bound<'py, PyAny>; 2],
) -> PyResult<Option<(DType, [Input<'py>; 2])>> {
    let input = |side: usize| Input::if_supported(args[side], objects[side]);
    let are_numbers = objects.map(is_number);
    // The array comes first: a number beside it need not become an array of a dtype of its own.
    let (first, second) = if are_numbers[0] { (1, 0) } else { (0, 1) };
    let Some(array) = input(first)? else { return Ok(None) };
    let in_order = |array, other| if first == 0 { [array, other] } else { [other, array] };
    if are_numbers[second] && !array.shape().is_empty() {
        if let Some((dtype, number)) = number_beside(args[second], objects[second], &array)? {
            return Ok(Some((dtype, in_order(array, number))));
        }
    }
    let Some(other) = input(second)? else { return Ok(None) };
    let [left, right] = in_order(array, other);
    if left.dtype() == right.dtype() && left.shape().len().min(right.shape().len()) > 0 {
        return Ok(Some((left.dtype(), [left, right])));
    }
    let Some(dtype) = common_dtype(objects, [&left, &right])? else { return Ok(None) };
    let convert = |side: usize, input: Input<'py>| match are_numbers[side] {
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

/// A number of Python's own as an array without axes, and the dtype that NumPy promotes it and another array to,
/// which is that of the number; `None` if that depends on more, such as the version of NumPy.
fn number_beside<'py>(
    arg: Arg,
    number: &Bound<'py, PyAny>,
    array: &Input<'py>,
) -> PyResult<Option<(DType, Input<'py>)>> {
    let dtype = match array.dtype() {
        DType::I32 | DType::I64 | DType::U32 | DType::U64 if number.is_exact_instance_of::<PyFloat>() => {
            DType::F64
        }
        dtype => dtype,
    };
    let Some(value) = value_of_dtype(number, dtype) else { return Ok(None) };
    let mut output = Output::like(number.py(), arg.function, dtype, &[], &[array])?;
    if dtype == DType::F16 {
        // NumPy rounds it once; by way of a float32 it would be rounded twice.
        let array = output.finish()?.cast_into::<PyUntypedArray>()?;
        array.set_item(PyEllipsis::get(number.py()), number)?;
        return Ok(Some((dtype, Input::new(arg, &array)?)));
    }
    dispatch!(dtype, T => output.slice_mut::<T>()[0] = match dtype.kind() {
        Kind::Bool | Kind::Unsigned | Kind::Signed => T::from_i64(value as i64),
        Kind::Float => T::from_f64(value),
        Kind::Complex => T::from_complex(Complex::new(value, 0.0)),
    });
    Ok(Some((dtype, Input::new(arg, &output.finish()?)?)))
}

/// The value of a number, if it leaves the dtype of an array as it is, even where NumPy looks at the value (before
/// version 2), and is one of that dtype but for a rounding.
fn value_of_dtype(number: &Bound<'_, PyAny>, dtype: DType) -> Option<f64> {
    // The largest integer of so many bits, as far as floats hold all of them.
    let integer = |bits: usize| ((1u64 << bits.min(53)) - 1) as f64;
    let (bits, is_float) = (8 * dtype.size(), number.is_exact_instance_of::<PyFloat>());
    let range = match dtype {
        DType::Bool => return None,
        // As far as the smallest integer type that has it is promoted to the dtype.
        DType::F16 if !is_float => -128.0..=255.0,
        DType::F32 | DType::C64 if !is_float => -32_768.0..=65_535.0,
        DType::F64 | DType::C128 if !is_float => -integer(63)..=integer(64),
        // As far as NumPy takes a number for one of the dtype.
        DType::F16 => -65_000.0..=65_000.0,
        DType::F32 | DType::C64 => -3.4e38..=3.4e38,
        DType::F64 | DType::C128 => f64::MIN..=f64::MAX,
        _ if dtype.kind() == Kind::Unsigned => 0.0..=integer(bits),
        _ => -integer(bits - 1)..=integer(bits - 1),
    };
    let fits = number.is_exact_instance_of::<PyInt>()
        || is_float && matches!(dtype.kind(), Kind::Float | Kind::Complex);
    let value = if fits { number.extract::<f64>().ok()? } else { return None };
    range.contains(&value).then_some(value)
}

/// Whether an object is a number of Python's own, which has no dtype.
fn is_number(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyComplex>()
        || object.is_exact_instance_of::<PyBool>()
}
