//! Filters of images.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyString;

use super::argument::or_type_error;
use super::array::{Aliases, Input, Output, dtype_of, kind_of, not_real, numpy};
use super::call::Call;
use super::error::Named;
use super::guard::guard;
use crate::dtype::{DType, dispatch_real};
use crate::kernels::image::{Axes, Border, Filter, Image, Mode, Operator};

/// What all filters are called with.
struct Options<'a, 'py> {
    function: &'static str,
    /// `'reflect'` where it is not given.
    mode: Option<&'a Bound<'py, PyAny>>,
    cval: f64,
    channel_axis: Option<i64>,
    out: Option<&'a Bound<'py, PyAny>>,
    dtype: Option<&'a Bound<'py, PyAny>>,
    workers: Option<i64>,
}

/// Filters ``image``; which filter may depend on where its channels are.
fn run<'py>(
    image: &Bound<'py, PyAny>,
    options: &Options<'_, 'py>,
    filter: impl FnOnce(Axes) -> PyResult<Filter>,
) -> PyResult<Bound<'py, PyAny>> {
    let function = options.function;
    let input = Input::real(function, "image", image)?;
    let axes = image_axes(function, input.shape().len(), options.channel_axis)?;
    let filter = filter(axes)?;
    let modes = options.mode.map_or(Ok([Mode::Reflect; 2]), |modes| {
        one_or_two(function, "mode", modes, |mode| mode_of(function, &mode.extract::<PyBackedStr>()?))
    })?;
    let border = Border { modes, cval: options.cval };
    let dtype = result_dtype(options, input.dtype())?;
    let (shape, py) = (input.shape().to_vec(), image.py());
    let mut output = Output::new_or(function, options.out, dtype, &shape, &[&input], Aliases::Never, py)?;
    let held = output.held();
    let refused = "complex images are refused";
    let picture = dispatch_real!(input.dtype(), T => Image::new(input.view::<T>(), axes), complex => unreachable!("{refused}")).named(function)?;
    let target = dispatch_real!(dtype, T => picture.result(output.view_mut::<T>()), complex => unreachable!("{refused}")).named(function)?;
    Call::new(py, function, filter.cost(input.len(), input.dtype().size().max(dtype.size())))
        .workers(options.workers)
        .holding(&[&input, &held])
        .run(|work| filter.apply(&picture, border, target, work))?;
    output.finish()
}

/// Where the rows, columns and channels are in an array of `ndim` axes.
fn image_axes(function: &str, ndim: usize, channel_axis: Option<i64>) -> PyResult<Axes> {
    let expected = if channel_axis.is_some() { 3 } else { 2 };
    if ndim != expected {
        let expected = if channel_axis.is_some() {
            "3 (rows, columns and channels) with channel_axis"
        } else {
            "2 (rows and columns), or 3 with channel_axis"
        };
        return Err(PyValueError::new_err(format!(
            "{function}: argument image, got {ndim} axes, expected {expected}"
        )));
    }
    Ok(Axes::new(channel_axis.map(|axis| resolve(function, "channel_axis", axis, ndim)).transpose()?))
}

/// What the derivative along `axis` is.
fn operator(function: &str, axes: Axes, axis: Option<i64>) -> PyResult<Operator> {
    let Some(axis) = axis else { return Ok(Operator::Magnitude) };
    axes.operator(resolve(function, "axis", axis, axes.ndim())?).ok_or_else(|| {
        PyValueError::new_err(format!(
            "{function}: argument axis, got {axis}, which is the channel axis; expected an axis of the image"
        ))
    })
}

/// An axis counted from the start or, below zero, from the end.
fn resolve(function: &str, name: &str, axis: i64, ndim: usize) -> PyResult<usize> {
    let count = ndim as i64;
    if (-count..count).contains(&axis) {
        Ok(axis.rem_euclid(count) as usize)
    } else {
        Err(PyValueError::new_err(format!(
            "{function}: argument {name}, got {axis}, expected {} to {}",
            -count,
            count - 1
        )))
    }
}

/// The mode of a name; for a filter each `grid-` name is a synonym.
fn mode_of(function: &str, name: &str) -> PyResult<Mode> {
    match name {
        "reflect" | "grid-mirror" => Ok(Mode::Reflect),
        "constant" | "grid-constant" => Ok(Mode::Constant),
        "nearest" => Ok(Mode::Nearest),
        "mirror" => Ok(Mode::Mirror),
        "wrap" | "grid-wrap" => Ok(Mode::Wrap),
        _ => Err(PyValueError::new_err(format!(
            "{function}: argument mode, got {name:?}, expected 'reflect', 'constant', 'nearest', 'mirror', \
             'wrap', 'grid-mirror', 'grid-constant' or 'grid-wrap'"
        ))),
    }
}

/// The dtype of the result: what is asked for, else that of ``out``, else that of the image.
fn result_dtype(options: &Options<'_, '_>, image: DType) -> PyResult<DType> {
    let function = options.function;
    let (name, asked) = match (options.dtype, options.out) {
        (Some(dtype), _) => ("dtype", numpy(dtype.py(), "dtype")?.call1((dtype,))?),
        // What is no array is refused where the output is made.
        (None, Some(out)) => match out.getattr("dtype") {
            Ok(dtype) => ("out", dtype),
            Err(_) => return Ok(image),
        },
        (None, None) => return Ok(image),
    };
    dtype_of(&asked)?.filter(|dtype| dtype.is_real()).ok_or_else(|| not_real(function, name, &asked))
}

/// One value for both axes of the image, or one for each.
fn one_or_two<T: Copy>(
    function: &str,
    name: &str,
    object: &Bound<'_, PyAny>,
    one: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<[T; 2]> {
    let wrong = |raised: PyErr| {
        or_type_error(object, raised, || {
            let kind = kind_of(object);
            format!(
                "{function}: argument {name}, got {kind}, expected one value or two, for the two axes of the image"
            )
        })
    };
    match one(object) {
        Ok(value) => return Ok([value; 2]),
        Err(raised)
            if !raised.is_instance_of::<PyTypeError>(object.py()) || object.is_instance_of::<PyString>() =>
        {
            return Err(wrong(raised));
        }
        Err(_) => {}
    }
    let values = object.try_iter().map_err(wrong)?.collect::<PyResult<Vec<_>>>()?;
    match values.as_slice() {
        [rows, columns] => Ok([one(rows).map_err(wrong)?, one(columns).map_err(wrong)?]),
        values => Err(PyValueError::new_err(format!(
            "{function}: argument {name}, got {} values, expected one, or two for the two axes of the image",
            values.len()
        ))),
    }
}

fn gaussian(function: &'static str, sigma: Option<&Bound<'_, PyAny>>, truncate: f64) -> PyResult<Filter> {
    let sigma = sigma
        .map_or(Ok([1.0; 2]), |sigma| one_or_two(function, "sigma", sigma, |sigma| sigma.extract::<f64>()))?;
    for (name, value) in [("sigma", sigma[0]), ("sigma", sigma[1]), ("truncate", truncate)] {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(PyValueError::new_err(format!(
                "{function}: argument {name}, got {value}, expected a finite number, zero or more"
            )));
        }
    }
    Ok(Filter::Gaussian { sigma, truncate })
}

/// Blur an image, or find its edges.
///
/// Parameters
/// ----------
/// image : array_like, shape (rows, columns), or with ``channel_axis`` a third axis
///     Of bool, integers or floats, in any memory layout.
/// filter : {'blur', 'edges'}, optional
///     ``'blur'`` is :func:`gaussian_blur`, ``'edges'`` the magnitude of :func:`sobel`.
/// sigma : float or pair of floats, optional
///     Standard deviation of the Gaussian in pixels, for both axes or for each. Only for
///     ``'blur'``, as ``truncate``.
/// mode : str or pair of str, optional
///     How the image continues beyond its border: see :func:`gaussian_blur`.
/// cval : float, optional
///     The value beyond the border where ``mode`` is ``'constant'``.
/// truncate : float, optional
///     The kernel reaches to this many standard deviations.
/// channel_axis : int or None, optional
///     The axis of the channels, which are filtered one by one.
/// out : ndarray, optional
///     Where the result is written, of the shape of the image.
/// dtype : data-type, optional
///     Of the result: bool, an integer or a float. Default: that of ``out``, else of the image.
/// workers : int or None, optional
///     Number of threads; see :func:`set_num_threads`. The result does not depend on it.
///
/// Returns
/// -------
/// ndarray
///     ``out``, or a new array.
///
/// Raises
/// ------
/// TypeError
///     If the image is complex, or not an image; if ``out`` is of another dtype.
/// ValueError
///     If the filter or mode is unknown, or a shape, an axis or ``sigma`` cannot be used.
///
/// See Also
/// --------
/// gaussian_blur, sobel : The two filters, and the notes on dtypes, borders, NaN and threads.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> image = np.zeros((5, 5), np.uint8)
/// >>> image[2, 2] = 255
/// >>> rne.process_image(image)[2]
/// array([ 6, 25, 41, 25,  6], dtype=uint8)
/// >>> rne.process_image(image, "edges", dtype=float)[2]
/// array([  0., 510.,   0., 510.,   0.])
#[pyfunction]
#[pyo3(
    signature = (
        image, filter = "blur", *, sigma = None, mode = None, cval = 0.0, truncate = 4.0, channel_axis = None,
        out = None, dtype = None, workers = None
    ),
    text_signature = "(image, filter='blur', *, sigma=1.0, mode='reflect', cval=0.0, truncate=4.0, \
                      channel_axis=None, out=None, dtype=None, workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn process_image<'py>(
    image: &Bound<'py, PyAny>,
    filter: &str,
    sigma: Option<&Bound<'py, PyAny>>,
    mode: Option<&Bound<'py, PyAny>>,
    cval: f64,
    truncate: f64,
    channel_axis: Option<i64>,
    out: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    workers: Option<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options { function: "process_image", mode, cval, channel_axis, out, dtype, workers };
    guard(|| match filter {
        "blur" => {
            let filter = gaussian(options.function, sigma, truncate)?;
            run(image, &options, |_| Ok(filter))
        }
        "edges" => run(image, &options, |_| Ok(Filter::Sobel(Operator::Magnitude))),
        _ => Err(PyValueError::new_err(format!(
            "process_image: argument filter, got {filter:?}, expected 'blur' or 'edges'"
        ))),
    })
}

/// Blur an image with a Gaussian.
///
/// Kernel, borders and parameters are those of ``scipy.ndimage.gaussian_filter``.
///
/// Parameters
/// ----------
/// image : array_like, shape (rows, columns), or with ``channel_axis`` a third axis
///     Of bool, integers or floats, in any memory layout.
/// sigma : float or pair of floats
///     Standard deviation of the Gaussian in pixels, for both axes or for each (along a column,
///     along a row). An axis of sigma 0 is not blurred.
/// mode : str or pair of str, optional
///     How the image continues beyond its border, along both axes or along each:
///
///     - ``'reflect'`` (default) or ``'grid-mirror'``: ``d c b a | a b c d | d c b a``
///     - ``'constant'`` or ``'grid-constant'``: ``k k k k | a b c d | k k k k``, k is ``cval``
///     - ``'nearest'``: ``a a a a | a b c d | d d d d``
///     - ``'mirror'``: ``d c b | a b c d | c b a``
///     - ``'wrap'`` or ``'grid-wrap'``: ``a b c d | a b c d | a b c d``
/// cval : float, optional
///     The value beyond the border where ``mode`` is ``'constant'``.
/// truncate : float, optional
///     The kernel reaches to ``int(truncate * sigma + 0.5)`` pixels.
/// channel_axis : int or None, optional
///     The axis of the channels, which are blurred one by one; an image that is interleaved
///     (``channel_axis=-1``) is blurred as it is.
/// out : ndarray, optional
///     Where the result is written, of the shape of the image. It may be the image.
/// dtype : data-type, optional
///     Of the result: bool, an integer or a float. Default: that of ``out``, else of the image.
/// workers : int or None, optional
///     Number of threads; see :func:`set_num_threads`. The result does not depend on it.
///
/// Returns
/// -------
/// ndarray
///     ``out``, or a new array in C order.
///
/// Raises
/// ------
/// TypeError
///     If the image is complex, or not an image; if ``out`` is of another dtype.
/// ValueError
///     If the number of axes does not fit, a mode is unknown, or ``sigma`` or ``truncate`` is
///     negative or not finite.
///
/// Notes
/// -----
/// Into integers, results are rounded and saturated, where SciPy cuts off what is behind the
/// point after each of the two passes: here ``uint8`` is at most 0.51 from the exact result, and
/// not darker by one grey level on average. A bool is true above one half; a NaN becomes 0
/// in an integer.
///
/// ``uint8`` is computed in integers, ``float32``, ``float16`` and integers of 16 bits or fewer
/// in single precision, everything else in double precision. A NaN spreads as far as the kernel
/// reaches, as in SciPy.
///
/// Work and memory grow with ``sigma`` until the kernel is as long as the image, and not after.
/// The interpreter is released, signals are handled, and all CPUs are used for large images.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> image = np.zeros((3, 5))
/// >>> image[1, 2] = 1
/// >>> rne.gaussian_blur(image, 0.5).round(3)
/// array([[0.   , 0.011, 0.084, 0.011, 0.   ],
///        [0.   , 0.084, 0.619, 0.084, 0.   ],
///        [0.   , 0.011, 0.084, 0.011, 0.   ]])
#[pyfunction]
#[pyo3(
    signature = (
        image, sigma, *, mode = None, cval = 0.0, truncate = 4.0, channel_axis = None, out = None, dtype = None,
        workers = None
    ),
    text_signature = "(image, sigma, *, mode='reflect', cval=0.0, truncate=4.0, channel_axis=None, out=None, \
                      dtype=None, workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn gaussian_blur<'py>(
    image: &Bound<'py, PyAny>,
    sigma: &Bound<'py, PyAny>,
    mode: Option<&Bound<'py, PyAny>>,
    cval: f64,
    truncate: f64,
    channel_axis: Option<i64>,
    out: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    workers: Option<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options { function: "gaussian_blur", mode, cval, channel_axis, out, dtype, workers };
    guard(|| {
        let filter = gaussian(options.function, Some(sigma), truncate)?;
        run(image, &options, |_| Ok(filter))
    })
}

/// Find edges: the Sobel operator.
///
/// Along its axis the derivative is the correlation with ``-1 0 1``, along the other axis it is
/// smoothed with ``1 2 1``, as in ``scipy.ndimage.sobel``; there is no scaling. By default the
/// result is the magnitude ``sqrt(gx**2 + gy**2)``.
///
/// Parameters
/// ----------
/// image : array_like, shape (rows, columns), or with ``channel_axis`` a third axis
///     Of bool, integers or floats, in any memory layout.
/// axis : int or None, optional
///     None for the magnitude, else the axis along which the derivative is taken.
/// mode : str or pair of str, optional
///     How the image continues beyond its border: see :func:`gaussian_blur`.
/// cval : float, optional
///     The value beyond the border where ``mode`` is ``'constant'``.
/// channel_axis : int or None, optional
///     The axis of the channels, which are filtered one by one.
/// out : ndarray, optional
///     Where the result is written, of the shape of the image. It may be the image.
/// dtype : data-type, optional
///     Of the result: bool, an integer or a float. Default: that of ``out``, else of the image.
/// workers : int or None, optional
///     Number of threads; see :func:`set_num_threads`. The result does not depend on it.
///
/// Returns
/// -------
/// ndarray
///     ``out``, or a new array in C order.
///
/// Raises
/// ------
/// TypeError
///     If the image is complex, or not an image; if ``out`` is of another dtype.
/// ValueError
///     If the number of axes does not fit, a mode is unknown, or ``axis`` is out of range or
///     that of the channels.
///
/// Notes
/// -----
/// Into integers, results are rounded and saturated: an edge of 200 grey levels is 255 in
/// ``uint8``, where SciPy's derivative wraps around to 32, and a negative derivative is 0. Ask for
/// a signed dtype or a float to have all of it. The magnitude neither overflows nor underflows
/// where its result does not. A NaN spreads to all its neighbours, as in SciPy.
///
/// The interpreter is released, signals are handled, and all CPUs are used for large images.
///
/// Examples
/// --------
/// >>> import numpy as np
/// >>> import rust_numpy_example as rne
/// >>> image = np.tile(np.array([0, 0, 200, 200], np.uint8), (3, 1))
/// >>> rne.sobel(image)[1]
/// array([  0, 255, 255,   0], dtype=uint8)
/// >>> rne.sobel(image, axis=1, dtype=np.int16)[1]
/// array([  0, 800, 800,   0], dtype=int16)
#[pyfunction]
#[pyo3(
    signature = (
        image, *, axis = None, mode = None, cval = 0.0, channel_axis = None, out = None, dtype = None, workers = None
    ),
    text_signature = "(image, *, axis=None, mode='reflect', cval=0.0, channel_axis=None, out=None, dtype=None, \
                      workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn sobel<'py>(
    image: &Bound<'py, PyAny>,
    axis: Option<i64>,
    mode: Option<&Bound<'py, PyAny>>,
    cval: f64,
    channel_axis: Option<i64>,
    out: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    workers: Option<i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options { function: "sobel", mode, cval, channel_axis, out, dtype, workers };
    guard(|| run(image, &options, |axes| Ok(Filter::Sobel(operator("sobel", axes, axis)?))))
}
