//! The argument `weights`.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::argument::Arg;
use super::array::{Input, axis as one_axis, broadcast_to, numpy};
use super::display::Shape;
use crate::dtype::DType;

/// The `weights` argument, in the shape of the array: it may have that of the axes in the order in which they
/// are given.
pub fn weights_of<'py>(
    arg: Arg,
    weights: &Bound<'py, PyAny>,
    input: &Input<'py>,
    axis: Option<&Bound<'py, PyAny>>,
    sorted: &[usize],
) -> PyResult<Input<'py>> {
    let weights = Input::real(arg, weights)?.cast(DType::F64)?;
    let shape = input.shape();
    if weights.shape() == shape {
        return Ok(weights);
    }
    let order: Vec<usize> = match axis.and_then(|axis| axis.cast::<PyTuple>().ok()) {
        Some(tuple) => tuple
            .iter()
            .map(|axis| one_axis(Arg::new(arg.function, "axis"), &axis, shape.len()))
            .collect::<PyResult<_>>()?,
        None => sorted.to_vec(),
    };
    let reduced: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    if weights.shape() != reduced {
        let expected = match reduced == shape {
            true => Shape(shape).to_string(),
            false => format!("{} or {}", Shape(shape), Shape(&reduced)),
        };
        return Err(arg.value_error(format_args!("shape {}", Shape(weights.shape())), expected));
    }
    let py = weights.object().py();
    let mut turned: Vec<usize> = (0..order.len()).collect();
    turned.sort_by_key(|&place| order[place]);
    let lengths: Vec<usize> =
        shape.iter().enumerate().map(|(axis, &len)| if sorted.contains(&axis) { len } else { 1 }).collect();
    let turned = numpy(py, "transpose")?.call1((weights.object(), turned))?;
    let aligned = numpy(py, "reshape")?.call1((turned, PyTuple::new(py, lengths)?))?;
    broadcast_to(arg, Input::real(arg, &aligned)?, shape, "arr")
}
