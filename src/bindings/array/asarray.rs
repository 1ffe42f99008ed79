//! Python objects as arrays, and the functions of NumPy.
//!
//! | comes | is taken by |
//! |---|---|
//! | an array of NumPy | nothing: it is one |
//! | a number, a text, a list, a scalar of NumPy | `np.asarray`, once the items have been looked at |
//! | a container of pandas, polars, pyarrow, xarray | `columns`, `arrow`: values as they are, nulls apart |
//! | what has a buffer, `__array_interface__` or `__array__` | `np.asarray` |
//! | what has `__dlpack__` alone | `dlpack`: `np.from_dlpack`, once the tensor has been looked at |
//! | anything else | `np.asarray`: mostly an array of objects, which is refused by its dtype |

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyList, PyMemoryView, PyString, PyTuple, PyType};

use super::arrow::{self, EachText};
use super::foreign::{
    is_array_like, is_list, is_number_or_text, overrides, overrides_functions, refuse_device, refuse_lazy,
    refuse_lost,
};
use super::modules::{array, exact_array, numpy};
use super::taken::Taken;
use super::{columns, dlpack};
use crate::bindings::argument::Arg;

/// Lists in lists that are looked into: as many as an array may have axes.
const DEPTH: usize = 64;

/// `object` as an array of any dtype, without nulls: itself if it is one.
#[inline]
pub fn as_array<'py>(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyUntypedArray>> {
    if let Some(array) = exact_array(object)? {
        return Ok(array.clone());
    }
    take(arg, object)?.without_nulls(arg)
}

/// `object` as an array of any dtype, and its nulls.
pub fn take<'py>(arg: Arg, object: &Bound<'py, PyAny>) -> PyResult<Taken<'py>> {
    take_with(arg, object, &mut |object, is_array| arrow::take(arg, object, is_array).map(Some))
        .map(|taken| taken.expect("Arrow data as an array"))
}

/// The array that NumPy made of an object; of integers in lists that need all bits of uint64 one of that dtype, where
/// NumPy makes floats of them, and rounds them.
pub fn exactly<'py>(
    object: &Bound<'py, PyAny>,
    array: Bound<'py, PyUntypedArray>,
) -> PyResult<Bound<'py, PyUntypedArray>> {
    let is_float = || array.dtype().kind() == b'f';
    if !is_list(object) || array.is_empty() || !is_float() || !are_whole(object)? {
        return Ok(array);
    }
    Ok(numpy(object.py(), "asarray")?.call1((object, "uint64"))?.cast_into()?)
}

/// Whether all items of lists in lists are ints of 64 bits without a sign.
fn are_whole(list: &Bound<'_, PyAny>) -> PyResult<bool> {
    for item in list.try_iter()? {
        let item = item?;
        let is_whole = match is_list(&item) {
            true => are_whole(&item)?,
            false => item.is_instance_of::<PyInt>() && item.extract::<u64>().is_ok(),
        };
        if !is_whole {
            return Ok(false);
        }
    }
    Ok(true)
}

/// As [`take`]; but for Arrow data that are texts, `each` is called with each of them, and there is no array.
pub fn take_or_texts<'py>(
    arg: Arg,
    object: &Bound<'py, PyAny>,
    each: EachText<'_>,
) -> PyResult<Option<Taken<'py>>> {
    take_with(arg, object, &mut |object, is_array| arrow::take_or_texts(arg, object, is_array, each))
}

/// Reads Arrow data of an object, from `__arrow_c_array__` or else from `__arrow_c_stream__`.
type ReadArrow<'a, 'py> = &'a mut dyn FnMut(&Bound<'py, PyAny>, bool) -> PyResult<Option<Taken<'py>>>;

fn take_with<'py>(
    arg: Arg,
    object: &Bound<'py, PyAny>,
    read_arrow: ReadArrow<'_, 'py>,
) -> PyResult<Option<Taken<'py>>> {
    if let Some(array) = exact_array(object)? {
        return Ok(Some(array.clone().into()));
    }
    let py = object.py();
    if is_list(object) {
        refuse_items(arg, object)?;
    } else if !is_number_or_text(object) && !object.is_instance(&numpy(py, "generic")?)? {
        return container(arg, object, read_arrow);
    }
    Ok(Some(numpy(py, "asarray")?.call1((object,))?.cast_into::<PyUntypedArray>()?.into()))
}

fn container<'py>(
    arg: Arg,
    object: &Bound<'py, PyAny>,
    read_arrow: ReadArrow<'_, 'py>,
) -> PyResult<Option<Taken<'py>>> {
    let py = object.py();
    if let Some(taken) = columns::pandas(arg, object)? {
        return Ok(Some(taken));
    }
    refuse_lost(arg, object)?;
    if let Some(inner) = columns::xarray(object)? {
        return take_with(arg, &inner, read_arrow);
    }
    if array(object)?.is_none() {
        let class = object.get_type();
        let has = |name: &Bound<'py, PyString>| Ok::<_, PyErr>(class.getattr_opt(name)?.is_some());
        refuse_device(arg, object)?;
        let array = has(intern!(py, "__arrow_c_array__"))?;
        if (array || has(intern!(py, "__arrow_c_stream__"))?) && PyMemoryView::from(object).is_err() {
            return read_arrow(object, array);
        }
        if has(intern!(py, "__dlpack__"))?
            && !has(intern!(py, "__array__"))?
            && !has(intern!(py, "__array_interface__"))?
            && !has(intern!(py, "__array_struct__"))?
            && PyMemoryView::from(object).is_err()
        {
            return dlpack::take(arg, object).map(|array| Some(array.into()));
        }
    }
    // What `__array__` gives may be a subclass that has more than numbers, which `asarray` would drop.
    let array = numpy(py, "asanyarray")?.call1((object,))?;
    if !array.is(object) && exact_array(&array)?.is_none() {
        refuse_lost(arg, &array)?;
    }
    // Of a subclass only the memory counts: no method of it is called from here on.
    Ok(Some(numpy(py, "asarray")?.call1((array,))?.cast_into::<PyUntypedArray>()?.into()))
}

/// What even NumPy is not given: a lazy array, which it may compute, and a masked one of NumPy's own, which does not
/// override its functions.
pub fn refuse_for_numpy(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if exact_array(object)?.is_some() || is_number_or_text(object) {
        return Ok(());
    }
    if is_list(object) {
        return refuse_items(arg, object);
    }
    refuse_lazy(arg, object)?;
    if overrides(object)? || overrides_functions(object)? { Ok(()) } else { refuse_lost(arg, object) }
}

/// Refuses what would be lost of the items of a list or tuple, and of lists in it.
fn refuse_items<'py>(arg: Arg, list: &Bound<'py, PyAny>) -> PyResult<()> {
    let scalar = numpy(list.py(), "generic")?;
    // NumPy's scalars come many of one type.
    let mut last: Option<Bound<'py, PyType>> = None;
    let mut check = |index: usize, item: Bound<'py, PyAny>| {
        if is_number_or_text(&item) || last.as_ref().is_some_and(|last| item.get_type().is(last)) {
            return Ok(());
        }
        refuse_item(arg.item(index), &item, &scalar, DEPTH)?;
        if item.is_instance(&scalar)? {
            last = Some(item.get_type().clone());
        }
        Ok(())
    };
    match list.cast::<PyList>() {
        Ok(list) => list.iter().enumerate().try_for_each(|(index, item)| check(index, item)),
        Err(_) => match list.cast::<PyTuple>() {
            Ok(tuple) => tuple.iter().enumerate().try_for_each(|(index, item)| check(index, item)),
            Err(_) => Ok(()),
        },
    }
}

/// Refuses what would be lost of an object where a number is expected.
pub fn refuse_no_number(arg: Arg, object: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_number_or_text(object) {
        return Ok(());
    }
    refuse_item(arg, object, &numpy(object.py(), "generic")?, DEPTH)
}

fn refuse_item(arg: Arg, item: &Bound<'_, PyAny>, scalar: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    if is_number_or_text(item) || exact_array(item)?.is_some() || item.is_instance(scalar)? {
        return Ok(());
    }
    if !is_list(item) {
        // The array that NumPy makes of a list has no mask, so its items may have no nulls.
        return match is_array_like(item)? {
            true => take(arg, item)?.without_nulls(arg).map(drop),
            false => refuse_lost(arg, item),
        };
    }
    // Deeper ones are NumPy's to refuse.
    if depth == 0 {
        return Ok(());
    }
    for inner in item.try_iter()? {
        let inner = inner?;
        if !is_number_or_text(&inner) {
            refuse_item(arg, &inner, scalar, depth - 1)?;
        }
    }
    Ok(())
}
