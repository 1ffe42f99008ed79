//! Containers of other libraries that hold an array: of pandas, with nulls, and of xarray.

use numpy::PyUntypedArray;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PySlice};

use super::arrow;
use super::modules::{is_a, numpy};
use super::taken::{Taken, side_by_side};
use crate::bindings::argument::Arg;

/// What a DataArray or Variable of xarray holds: numbers, or another library's array.
pub fn xarray<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    for class in ["DataArray", "Variable"] {
        if is_a(object, "xarray", class)? {
            return object.getattr(intern!(object.py(), "data")).map(Some);
        }
    }
    Ok(None)
}

/// A Series, Index, extension array or DataFrame of pandas; `None` if it is none of these.
pub fn pandas<'py>(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Option<Taken<'py>>> {
    let py = object.py();
    if is_a(object, "pandas", "DataFrame")? {
        return frame(arg, object).map(Some);
    }
    if !is_a(object, "pandas", "Series")?
        && !is_a(object, "pandas", "Index")?
        && !is_a(object, "pandas.api.extensions", "ExtensionArray")?
    {
        return Ok(None);
    }
    let dtype = object.getattr(intern!(py, "dtype"))?;
    // An extension type of numbers says which of NumPy's holds its values.
    let values = match dtype.getattr_opt(intern!(py, "numpy_dtype"))? {
        Some(values) if "biuf".contains(&*values.getattr(intern!(py, "kind"))?.str()?.to_cow()?) => values,
        _ => return Ok(Some(numpys(object)?.into())),
    };
    if dtype.getattr_opt(intern!(py, "pyarrow_dtype"))?.is_some()
        && object.get_type().getattr_opt(intern!(py, "__arrow_c_stream__"))?.is_some()
    {
        return arrow::take(arg, object, false).map(Some);
    }
    let nulls = numpys(&object.call_method0(intern!(py, "isna"))?)?;
    let options = [("dtype", &values)].into_py_dict(py)?;
    let has_nulls = nulls.call_method0(intern!(py, "any"))?.is_truthy()?;
    if has_nulls {
        options.set_item("na_value", 0)?;
    }
    let array = object.call_method(intern!(py, "to_numpy"), (), Some(&options))?;
    let valid =
        has_nulls.then(|| numpy(py, "logical_not")?.call1((nulls,))?.cast_into().map_err(PyErr::from));
    Ok(Some(Taken { array: array.cast_into()?, valid: valid.transpose()? }))
}

/// The columns of a frame. Those of NumPy's dtypes may lie side by side already.
fn frame<'py>(arg: Arg, frame: &Bound<'py, PyAny>) -> PyResult<Taken<'py>> {
    let py = frame.py();
    let class = numpy(py, "dtype")?;
    let dtypes = frame.getattr(intern!(py, "dtypes"))?.getattr(intern!(py, "values"))?;
    let mut all_numpys = true;
    let mut count = 0;
    for dtype in dtypes.try_iter()? {
        all_numpys &= dtype?.is_instance(&class)?;
        count += 1;
    }
    if all_numpys {
        return Ok(numpys(frame)?.into());
    }
    let column = |index: usize| {
        let at = (PySlice::full(py), index);
        let column = frame.getattr(intern!(py, "iloc"))?.get_item(at)?;
        pandas(arg, &column)?.ok_or_else(|| arg.wrong_type(&column, "a column that is a Series"))
    };
    side_by_side(arg, py, (0..count).map(column).collect::<PyResult<Vec<_>>>()?)
}

fn numpys<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    Ok(numpy(object.py(), "asarray")?.call1((object,))?.cast_into()?)
}
