//! Shapes that meet, by NumPy's rules.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::input::Input;
use super::modules::numpy;
use crate::bindings::argument::{Arg, shapes_error};
use crate::bindings::display::Shape;
use crate::layout::broadcast_shapes;

/// The shape of two arguments together.
pub fn broadcast(args: [Arg; 2], shapes: [&[usize]; 2]) -> PyResult<Vec<usize>> {
    broadcast_shapes(shapes[0], shapes[1])
        .ok_or_else(|| shapes_error(args, shapes, "shapes that broadcast together"))
}

/// An argument in the shape of another one, which is called `name`.
pub fn broadcast_to<'py>(arg: Arg, input: Input<'py>, shape: &[usize], name: &str) -> PyResult<Input<'py>> {
    if input.shape() == shape {
        return Ok(input);
    }
    let py = input.object().py();
    match numpy(py, "broadcast_to")?.call1((input.object(), PyTuple::new(py, shape)?)) {
        Ok(broadcast) => Input::new(arg, &broadcast),
        Err(_) => {
            let (got, expected) = (Shape(input.shape()), Shape(shape));
            Err(arg.value_error(
                format_args!("shape {got}"),
                format_args!("one that broadcasts to that of {name}, {expected}"),
            ))
        }
    }
}
