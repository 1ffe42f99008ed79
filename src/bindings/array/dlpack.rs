//! DLPack's tensors, which NumPy takes without a look at what they point to: null pointers and lengths are refused
//! before it does.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};

use numpy::PyUntypedArray;
use pyo3::exceptions::{PyBufferError, PyRuntimeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyCapsuleMethods, PyDict};

use super::modules::numpy;
use crate::bindings::argument::Arg;
use crate::bindings::display::kind_of;

/// The array that an object hands out, read where it lies.
pub fn take<'py>(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    let py = object.py();
    match numpy(py, "from_dlpack")?.call1((Producer { arg, object: object.clone().unbind() },)) {
        Ok(array) => Ok(array.cast_into()?),
        // A dtype that NumPy has not, or memory that may not be handed out.
        Err(error)
            if error.is_instance_of::<PyRuntimeError>(py) || error.is_instance_of::<PyBufferError>(py) =>
        {
            Err(arg.type_error(
                format_args!("memory that NumPy cannot take by DLPack ({})", error.value(py).str()?),
                "an array of numbers in the memory of the CPU",
            ))
        }
        Err(error) => Err(error),
    }
}

/// Hands out what another object does, once it has been looked at.
#[pyclass(frozen, module = "rust_numpy_example")]
struct Producer {
    arg: Arg,
    object: Py<PyAny>,
}

#[pymethods]
impl Producer {
    #[pyo3(signature = (**options))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        options: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let capsule = self.object.bind(py).call_method(intern!(py, "__dlpack__"), (), options)?;
        refuse_malformed(self.arg, &capsule)?;
        Ok(capsule)
    }

    fn __dlpack_device__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.object.bind(py).call_method0(intern!(py, "__dlpack_device__"))
    }
}

/// The start of a tensor.
#[repr(C)]
struct Tensor {
    data: *const c_void,
    device: [i32; 2],
    ndim: i32,
    code: u8,
    bits: u8,
    lanes: u16,
    shape: *const i64,
    strides: *const i64,
}

/// The start of a tensor of a version.
#[repr(C)]
struct Versioned {
    major: u32,
    minor: u32,
    context: *const c_void,
    deleter: *const c_void,
    flags: u64,
    tensor: Tensor,
}

/// More axes than any array of NumPy has: it refuses them before it looks at them.
const MOST_AXES: usize = 64;

fn refuse_malformed(arg: Arg, capsule: &Bound<'_, PyAny>) -> PyResult<()> {
    const PLAIN: &CStr = c"dltensor";
    const VERSIONED: &CStr = c"dltensor_versioned";
    let malformed = |what: &str| Err(arg.value_error(format_args!("a DLPack tensor {what}"), "a whole one"));
    let pointer = |name| capsule.cast::<PyCapsule>().ok()?.pointer_checked(Some(name)).ok();
    let tensor = match (pointer(PLAIN), pointer(VERSIONED)) {
        (Some(tensor), _) if tensor.cast::<Tensor>().is_aligned() => tensor.cast::<Tensor>(),
        (_, Some(tensor)) if tensor.cast::<Versioned>().is_aligned() => {
            let tensor = tensor.cast::<Versioned>().as_ptr();
            // SAFETY: a capsule of this name holds such a structure, whose first field is the version in each.
            if unsafe { (*tensor).major } > 1 {
                // It may look different; NumPy says that it does not know it.
                return Ok(());
            }
            // SAFETY: as above; the tensor lies in it.
            unsafe { std::ptr::NonNull::new_unchecked(&raw mut (*tensor).tensor) }
        }
        _ => {
            let got = format_args!("a {} by __dlpack__", kind_of(capsule)).to_string();
            return Err(arg.type_error(got, "a PyCapsule of the name dltensor, not used before"));
        }
    };
    // SAFETY: the capsule holds a tensor, which lives as long as it does, and nobody changes it meanwhile.
    let tensor = unsafe { tensor.as_ref() };
    let axes = match usize::try_from(tensor.ndim) {
        Ok(axes) if axes > MOST_AXES => return Ok(()),
        Ok(axes) => axes,
        Err(_) => return malformed("with a negative number of axes"),
    };
    if axes > 0 && tensor.shape.is_null() {
        return malformed("without a shape");
    }
    // SAFETY: there are as many lengths, and strides, if there are any, as there are axes.
    let at = |lengths: *const i64, axis| unsafe { lengths.add(axis).read_unaligned() };
    let mut is_empty = false;
    for axis in 0..axes {
        let len = at(tensor.shape, axis);
        if len < 0 {
            return malformed("with an axis of negative length");
        }
        is_empty |= len == 0;
    }
    if tensor.data.is_null() && !is_empty {
        return malformed("without its data");
    }
    // How far the last element is from the first, along each axis: NumPy multiplies without a look.
    let size = i64::from(tensor.bits.div_ceil(8));
    for axis in 0..if tensor.strides.is_null() { 0 } else { axes } {
        let reach = at(tensor.strides, axis)
            .checked_mul(size)
            .and_then(|stride| stride.checked_mul(at(tensor.shape, axis)));
        if reach.is_none() && at(tensor.shape, axis) > 1 && !is_empty {
            return malformed("with strides beyond memory");
        }
    }
    Ok(())
}
