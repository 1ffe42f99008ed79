//! Matrix products.

use numpy::PyUntypedArrayMethods;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::argument::{Arg, Workers, threads};
use super::array::{
    Fallback, Input, OutRule, Output, array, as_array, common_dtype, dtype_of, is_overridden, numpy,
    overrides_functions, refuse_for_numpy,
};
use super::call::Call;
use super::error::Named;
use super::guard::guard;
use crate::dtype::{DType, dispatch};
use crate::kernels::linalg::{self, MatmulShape};

/// The function that is named in messages.
const NAME: &str = "matrix_multiply";

/// Product of two arrays, by NumPy: how Rust calls a Python library.
///
/// Parameters
/// ----------
/// a, b : array_like
///     What ``numpy.asarray(a).dot(b)`` takes.
///
/// Returns
/// -------
/// numpy.ndarray or scalar
///     ``numpy.asarray(a).dot(b)``: value, dtype and errors are NumPy's. Of objects that override
///     ``numpy.dot`` it is what that makes of them.
///
/// Raises
/// ------
/// ValueError
///     If the shapes do not fit.
/// TypeError
///     If an array has a mask, is sparse or lazy, or has units that NumPy would drop.
///
/// See Also
/// --------
/// matrix_multiply : the product computed in Rust.
///
/// Notes
/// -----
/// Every dtype that NumPy multiplies, NaN, threads and copies are as in NumPy.
///
/// Examples
/// --------
/// >>> import rust_numpy_example as rne
/// >>> rne.multiply_matrices([[1, 2], [3, 4]], [[5, 6], [7, 8]])
/// array([[19, 22],
///        [43, 50]])
#[pyfunction]
#[pyo3(signature = (a, b))]
pub fn multiply_matrices<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        let args = ["a", "b"].map(|name| Arg::new("multiply_matrices", name));
        if overrides_functions(a)? || overrides_functions(b)? {
            refuse_for_numpy(args[0], a)?;
            refuse_for_numpy(args[1], b)?;
            return numpy(a.py(), "dot")?.call1((a, b));
        }
        let (left, right) = (as_array(args[0], a)?, as_array(args[1], b)?);
        left.call_method1("dot", (right,))
    })
}

/// Matrix product of two arrays: ``numpy.matmul`` in Rust.
///
/// Parameters
/// ----------
/// a, b : array_like
///     Matrices, vectors, or stacks of matrices in the last two axes; the axes before are
///     broadcast. A vector on the left is a row and one on the right a column, and the axis
///     that makes it so is not in the result.
/// out : numpy.ndarray, optional
///     Array for the result, with any strides; it may overlap `a` and `b`.
/// workers : int, optional
///     Largest number of threads; by default :func:`get_num_threads`.
///
/// Returns
/// -------
/// numpy.ndarray or scalar
///     The product, or `out` if it is given. The product of two vectors is a scalar.
///
/// Raises
/// ------
/// ValueError
///     If an operand has no axes, the shapes do not fit, `out` is read-only or has another
///     shape, or `workers` is not between 1 and 1024.
/// TypeError
///     If NumPy has no product for the dtypes, `out` cannot hold the dtype of the result, or an
///     array is masked, sparse or lazy.
/// MemoryError
///     If there is no memory for the result.
///
/// See Also
/// --------
/// multiply_matrices : the product by NumPy.
///
/// Notes
/// -----
/// The dtype is that of ``numpy.matmul``. Integers wrap, as there. Bools give the OR of ANDs.
/// float16 is summed in float32 and rounded once. Other dtypes, such as longdouble and object,
/// an `out` of another dtype or with more axes, and objects that override NumPy's functions are
/// handed to ``numpy.matmul``.
///
/// Floats obey IEEE 754 (NaN and infinity propagate); each sum is within the usual bound of
/// ``k * eps`` times the sum of the absolute products. The result has the same bits for any
/// `workers`. Another layout of the operands or of `out`, and a CPU with other instructions, may
/// give other last bits.
///
/// Operands are read where they are, at any strides. An `out` that overlaps one of them is
/// written at the end. Scratch memory is below 16 MiB a thread.
///
/// The algorithm is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix
/// Multiplication", ACM TOMS 34(3), 2008; for bools that of the "Four Russians".
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> a = np.arange(6.0).reshape(2, 3)
/// >>> rne.matrix_multiply(a, a.T)
/// array([[ 5., 14.],
///        [14., 50.]])
/// >>> float(rne.matrix_multiply([1.0, 2.0], [3.0, 4.0]))
/// 11.0
#[pyfunction]
#[pyo3(signature = (a, b, *, out=None, workers=None))]
pub fn matrix_multiply<'py>(
    py: Python<'py>,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
    out: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    guard(|| {
        const NUMPYS: Fallback = Fallback { function: NAME, ufunc: "matmul", out: OutRule::Numpys };
        let args = ["a", "b"].map(|name| Arg::new(NAME, name));
        if is_overridden([a, b], out)? {
            return NUMPYS.overridden(args, [a, b], out, workers);
        }
        let inputs = [Input::if_supported(args[0], a)?, Input::if_supported(args[1], b)?];
        let [Some(left), Some(right)] = inputs else { return NUMPYS.call([a, b], out, workers) };
        let workers = threads(NAME, workers)?;
        let shape = MatmulShape::new(left.shape(), right.shape()).named(NAME)?;
        if out.is_none() && left.dtype() == right.dtype() {
            if let Some(product) = contiguous(py, &left, &right, &shape, workers)? {
                return Ok(product);
            }
        }
        let axes = shape.result().named(NAME)?;
        let dtype = match left.dtype() {
            same if same == right.dtype() => same,
            _ => {
                common_dtype([a, b], [&left, &right])?.expect("the table of dtypes is closed under promotion")
            }
        };
        if out.map_or(Ok(false), |out| is_for_numpy(out, dtype, &axes, shape.batch.len()))? {
            return NUMPYS.call([a, b], out, None);
        }
        let (left, right) = (left.cast(dtype)?, right.cast(dtype)?);
        let mut product = Output::request(NAME, dtype, &axes).out(out).reading(&[&left, &right]).make(py)?;
        let held = product.held();
        dispatch!(dtype, T => {
            let (a, b, c) = (left.view::<T>(), right.view::<T>(), product.view_mut::<T>());
            Call::new(py, NAME, shape.cost(dtype))
                .threads(workers)
                .holding(&[&left, &right, &held])
                .run(|work| linalg::matmul(&shape, a, b, c, work))
        })?;
        product.finish_scalar()
    })
}

/// The product of arrays in C order: most are, and for small ones the making of views is most of
/// the work. `None` if one is not, or if axes are broadcast or missing.
fn contiguous<'py>(
    py: Python<'py>,
    left: &Input<'py>,
    right: &Input<'py>,
    shape: &MatmulShape,
    workers: Option<usize>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let axes = shape.batch.len() + 2;
    let have_all = left.shape().len() == axes && right.shape().len() == axes;
    if !have_all || left.shape()[..axes - 2] != right.shape()[..axes - 2] {
        return Ok(None);
    }
    // The usual case needs no memory for axes.
    let matrix = [shape.m, shape.n];
    let result = if axes == 2 { Vec::new() } else { shape.result().named(NAME)? };
    let result = if axes == 2 { &matrix[..] } else { &result };
    dispatch!(left.dtype(), T => {
        let (Some(a), Some(b)) = (left.contiguous::<T>(), right.contiguous::<T>()) else { return Ok(None) };
        let mut product = Output::like(py, NAME, left.dtype(), result, &[left, right])?;
        let held = product.held();
        let c = product.slice_mut::<T>();
        Call::new(py, NAME, shape.cost(left.dtype()))
            .threads(workers)
            .holding(&[left, right, &held])
            .run(|work| linalg::matmul_contiguous(shape, a, b, c, work))?;
        product.finish().map(Some)
    })
}

/// Whether `out` needs a conversion or a repetition, which is NumPy's to do or to refuse.
fn is_for_numpy(out: &Bound<'_, PyAny>, dtype: DType, axes: &[usize], batch: usize) -> PyResult<bool> {
    let Some(array) = array(out)? else {
        return Ok(out.is_instance_of::<PyTuple>());
    };
    let is_of_dtype = dtype_of(&array.dtype())? == Some(dtype);
    let fits = array.shape().ends_with(&axes[batch..]);
    Ok(fits && (!is_of_dtype || array.shape() != axes))
}
