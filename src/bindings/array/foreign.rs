//! Objects that are more than an array of numbers: what is NumPy's to do, and what would be lost.
//!
//! Labels and names may be lost without harm: positions and numbers stay what they are. A mask, a unit, the zeros
//! of a sparse array and the graph of a lazy one may not: such an object is refused, with what to pass instead.

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};

use super::modules::{exact_array, is_a, numpy};
use crate::bindings::argument::{Arg, shortened};
use crate::bindings::display::kind_of;

/// Devices of DLPack whose memory is not this process's, by number.
const DEVICES: [(i32, &str); 14] = [
    (2, "CUDA"),
    (4, "OpenCL"),
    (7, "Vulkan"),
    (8, "Metal"),
    (9, "VPI"),
    (10, "ROCm"),
    (12, "an extension device"),
    (14, "oneAPI"),
    (15, "WebGPU"),
    (16, "Hexagon"),
    (17, "MAIA"),
    (18, "Trainium"),
    (5, "FPGA"),
    (6, "SDAccel"),
];

/// Whether an object says itself what NumPy's functions do with it, or that they may not (`__array_ufunc__ = None`).
pub fn overrides(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    if exact_array(object)?.is_some() || is_number_or_text(object) {
        return Ok(false);
    }
    let name = intern!(py, "__array_ufunc__");
    Ok(match object.get_type().getattr_opt(name)? {
        Some(function) => !function.is(numpy(py, "ndarray")?.getattr(name)?),
        None => false,
    })
}

/// As [`overrides`], for functions of NumPy that are no ufuncs.
pub fn overrides_functions(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    if exact_array(object)?.is_some() || is_number_or_text(object) {
        return Ok(false);
    }
    let name = intern!(py, "__array_function__");
    Ok(match object.get_type().getattr_opt(name)? {
        Some(function) => !function.is(numpy(py, "ndarray")?.getattr(name)?),
        None => false,
    })
}

/// Refuses what would be lost of an object, if it were taken as an array of numbers.
pub fn refuse_lost(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if exact_array(object)?.is_some() {
        return Ok(());
    }
    refuse_lazy(arg, object)?;
    refuse_masked(arg, object)?;
    refuse_units(arg, object)?;
    refuse_sparse(arg, object)
}

/// A masked array of NumPy, or of a library that follows its attributes.
pub fn refuse_masked(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = object.py();
    if exact_array(object)?.is_some() {
        return Ok(());
    }
    if !is_a(object, "numpy.ma", "MaskedArray")? {
        let Some(mask) = attribute(object, "mask")? else { return Ok(()) };
        let is_mask = mask.is_instance_of::<PyBool>()
            || mask.get_type().getattr_opt(intern!(py, "dtype"))?.is_some()
                && mask.getattr(intern!(py, "dtype"))?.str()?.to_cow()?.starts_with("bool");
        if !is_mask {
            return Ok(());
        }
    }
    let ways = having(object, &["filled()", "compressed()", "unmasked"])?;
    Err(arg.type_error("a masked array", format_args!("an array without a mask, which would be lost{ways}")))
}

/// What computes its elements when it is asked for them.
pub fn refuse_lazy(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    const EXPECTED: &str =
        "an array in memory (its compute() makes one; rust_numpy_example.dask takes Dask's as they are)";
    let (py, class) = (object.py(), object.get_type());
    if class.getattr_opt(intern!(py, "collect_schema"))?.is_some()
        && class.getattr_opt(intern!(py, "collect"))?.is_some()
    {
        let got = format!("a lazy {}", kind_of(object));
        return Err(arg.type_error(got, "data in memory (its collect() makes them)"));
    }
    let is_lazy = if class.getattr_opt(intern!(py, "__dask_graph__"))?.is_some() {
        // A container of any array has the method, and answers None where that is not lazy. Dask's own need not be
        // asked, which may build the graph.
        class.module()?.to_cow()?.starts_with("dask")
            || match object.call_method0(intern!(py, "__dask_graph__")) {
                // pint 0.26 asks a Dask that is not there.
                Err(error) if error.is_instance_of::<PyAttributeError>(py) => false,
                graph => !graph?.is_none(),
            }
    } else {
        class.getattr_opt(intern!(py, "compute"))?.is_some()
            && attribute(object, "chunks")?.is_some_and(|chunks| chunks.is_instance_of::<PyTuple>())
    };
    if is_lazy {
        return Err(arg.type_error(format_args!("a lazy {}", kind_of(object)), EXPECTED));
    }
    Ok(())
}

/// Libraries of units agree on no protocol, but on an attribute that names the unit.
fn refuse_units(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    let names: &[&str] = match overrides(object)? {
        true => &["unit", "units", "dimensionality", "dimensions"],
        false => &["unit", "units", "dimensionality"],
    };
    for name in names {
        let Some(units) = attribute(object, name)? else { continue };
        let units = units.str()?;
        let ways = having(object, &["magnitude", "value"])?;
        return Err(arg.type_error(
            format_args!("a {} with {name} {}", kind_of(object), shortened(&units)?),
            format_args!("numbers without units, which would be lost{ways}"),
        ));
    }
    Ok(())
}

fn refuse_sparse(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    let (py, class) = (object.py(), object.get_type());
    if class.getattr_opt(intern!(py, "nnz"))?.is_none() {
        return Ok(());
    }
    match having(object, &["toarray()", "todense()"])? {
        ways if ways.is_empty() => Ok(()),
        ways => Err(arg.type_error(
            format_args!("a sparse array ({})", kind_of(object)),
            format_args!("a dense one{ways}"),
        )),
    }
}

/// An array in the memory of another device than the CPU.
pub fn refuse_device(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    const EXPECTED: &str = "one in the memory of the CPU";
    let (py, class) = (object.py(), object.get_type());
    if class.getattr_opt(intern!(py, "__dlpack_device__"))?.is_some() {
        let device = match object.call_method0(intern!(py, "__dlpack_device__")) {
            // pyarrow before 26 has no answer for nulls, bools and texts. Arrow's own protocol, by which they come, is of
            // the CPU's memory alone.
            Err(error) if error.is_instance_of::<PyTypeError>(py) && has_arrow(&class)? => return Ok(()),
            device => device?,
        };
        let Ok((number, _)) = device.extract::<(i32, i64)>() else {
            return Err(arg.type_error(
                format_args!("{} with the DLPack device {}", kind_of(object), shortened(&device)?),
                "a pair of ints",
            ));
        };
        if let Some((_, name)) = DEVICES.iter().find(|(other, _)| *other == number) {
            let got = format!("{} on the device {name} (DLPack's {number})", kind_of(object));
            return Err(arg.type_error(got, EXPECTED));
        }
    } else if class.getattr_opt(intern!(py, "__cuda_array_interface__"))?.is_some() {
        return Err(arg.type_error(format_args!("{} on the device CUDA", kind_of(object)), EXPECTED));
    }
    Ok(())
}

fn has_arrow(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    Ok(class.getattr_opt(intern!(py, "__arrow_c_array__"))?.is_some()
        || class.getattr_opt(intern!(py, "__arrow_c_stream__"))?.is_some())
}

/// An object of a type of Python's own that holds nothing but a number or a text.
#[inline(always)]
pub fn is_number_or_text(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyComplex>()
        || object.is_exact_instance_of::<PyString>()
}

/// A list or tuple, which NumPy makes an array of, item by item.
#[inline]
pub fn is_list(object: &Bound<'_, PyAny>) -> bool {
    object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>()
}

/// Whether an object says that it is an array, by one of the protocols, or a lazy or sparse one.
pub fn is_array_like(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    let class = object.get_type();
    for name in [
        intern!(py, "__array__"),
        intern!(py, "__array_interface__"),
        intern!(py, "__arrow_c_array__"),
        intern!(py, "__arrow_c_stream__"),
        intern!(py, "__dlpack__"),
        intern!(py, "__dask_graph__"),
        intern!(py, "collect_schema"),
        intern!(py, "nnz"),
    ] {
        if class.getattr_opt(name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An attribute that holds a value: not a method, and not None.
fn attribute<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(value) = object.getattr_opt(name)? else { return Ok(None) };
    // Units can be called, too; functions, methods and classes have a name of their own.
    let is_value = !value.is_none() && value.getattr_opt(intern!(object.py(), "__name__"))?.is_none();
    Ok(is_value.then_some(value))
}

/// `" (use its a or b)"` of those of the names that an object has; nothing if it has none.
fn having(object: &Bound<'_, PyAny>, names: &[&str]) -> PyResult<String> {
    let mut found = Vec::new();
    for name in names {
        if object.get_type().getattr_opt(name.trim_end_matches("()"))?.is_some() {
            found.push(*name);
        }
    }
    Ok(if found.is_empty() { String::new() } else { format!(" (use its {})", found.join(" or ")) })
}
