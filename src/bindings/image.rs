//! Filters of images.

use numpy::PyUntypedArrayMethods;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::argument::{Arg, Argument, Given, Workers, shortened};
use super::array::{Input, Output, REAL, array, axis_or_none, dtype_of, numpy};
use super::call::Call;
use super::display::kind_of;
use super::error::Named;
use super::guard::guard;
use crate::dtype::{DType, dispatch_real};
use crate::kernels::image::{Axes, Border, Filter, Image, Mode, Operator};

/// What all filters are called with.
struct Options<'a, 'py> {
    function: &'static str,
    mode: Given<'a, 'py>,
    cval: Argument<f64>,
    channel_axis: Option<&'a Bound<'py, PyAny>>,
    out: Option<&'a Bound<'py, PyAny>>,
    dtype: Option<&'a Bound<'py, PyAny>>,
    workers: Workers,
}

/// Filters ``image``; which filter may depend on where its channels are.
fn run<'py>(
    image: &Bound<'py, PyAny>,
    options: Options<'_, 'py>,
    filter: impl FnOnce(Axes) -> PyResult<Filter>,
) -> PyResult<Bound<'py, PyAny>> {
    let Options { function, mode, cval, channel_axis, out, dtype, workers } = options;
    let (py, arg) = (image.py(), |name| Arg::new(function, name));
    let input = Input::real(arg("image"), image)?;
    let axes = image_axes(function, input.shape().len(), channel_axis)?;
    let filter = filter(axes)?;
    let modes = one_or_two(arg("mode"), mode, Mode::Reflect, |arg, mode| {
        arg.choice(arg.read(mode, "a mode")?, &MODES)
    })?;
    let border = Border { modes, cval: cval.get(arg("cval"), "a number")? };
    let dtype = result_dtype(function, dtype, out)?.unwrap_or(input.dtype());
    let mut output = Output::request(function, dtype, input.shape()).out(out).reading(&[&input]).make(py)?;
    let held = output.held();
    let refused = "complex images are refused";
    let picture = dispatch_real!(input.dtype(), T => Image::new(input.view::<T>(), axes), complex => unreachable!("{refused}")).named(function)?;
    let target = dispatch_real!(dtype, T => picture.result(output.view_mut::<T>()), complex => unreachable!("{refused}")).named(function)?;
    Call::new(py, function, filter.cost(&picture, border, dtype.size()))
        .workers(workers)?
        .holding(&[&input, &held])
        .run(|work| filter.apply(&picture, border, target, work))?;
    output.finish()
}

/// The modes; for a filter each `grid-` name is a synonym.
const MODES: [(&str, Mode); 8] = [
    ("reflect", Mode::Reflect),
    ("constant", Mode::Constant),
    ("nearest", Mode::Nearest),
    ("mirror", Mode::Mirror),
    ("wrap", Mode::Wrap),
    ("grid-mirror", Mode::Reflect),
    ("grid-constant", Mode::Constant),
    ("grid-wrap", Mode::Wrap),
];

/// Where the rows, columns and channels are in an array of `ndim` axes.
fn image_axes(
    function: &'static str,
    ndim: usize,
    channel_axis: Option<&Bound<'_, PyAny>>,
) -> PyResult<Axes> {
    let (count, expected) = match channel_axis {
        None => (2, "2 (rows and columns), or 3 with channel_axis"),
        Some(_) => (3, "3 (rows, columns and channels) with channel_axis"),
    };
    if ndim != count {
        return Err(Arg::new(function, "image").value_error(format_args!("{ndim} axes"), expected));
    }
    Ok(Axes::new(axis_or_none(Arg::new(function, "channel_axis"), channel_axis, ndim)?))
}

/// What the derivative along an axis is.
fn operator(arg: Arg, axes: Axes, along: Option<&Bound<'_, PyAny>>) -> PyResult<Operator> {
    let Some(axis) = axis_or_none(arg, along, axes.ndim())? else { return Ok(Operator::Magnitude) };
    axes.operator(axis).ok_or_else(|| {
        let got = along.and_then(|along| shortened(along).ok()).unwrap_or_default();
        arg.value_error(format_args!("{got}, which is the channel axis"), "an axis of the image")
    })
}

/// The dtype of the result: what is asked for, else that of ``out``, if one of them is given.
fn result_dtype(
    function: &'static str,
    dtype: Option<&Bound<'_, PyAny>>,
    out: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<DType>> {
    let (arg, asked) = match (dtype, out) {
        (Some(dtype), _) => {
            let arg = Arg::new(function, "dtype");
            let asked = numpy(dtype.py(), "dtype")?.call1((dtype,)).map_err(|error| {
                match error.is_instance_of::<PyTypeError>(dtype.py()) {
                    true => arg.type_error(shortened(dtype).unwrap_or_else(|_| kind_of(dtype)), REAL),
                    false => error,
                }
            });
            (arg, asked?)
        }
        (None, Some(out)) => match array(out)? {
            Some(out) => (Arg::new(function, "out"), out.dtype().into_any()),
            // What is no array is refused where the output is made.
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    match dtype_of(&asked)?.filter(|dtype| dtype.is_real()) {
        None => Err(arg.type_error(format_args!("dtype {asked}"), REAL)),
        dtype => Ok(dtype),
    }
}

/// One value for both axes of the image, or one for each.
fn one_or_two<T: Copy>(
    arg: Arg,
    given: Given<'_, '_>,
    default: T,
    one: impl Fn(Arg, &Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<[T; 2]> {
    let Some(object) = given.0 else { return Ok([default; 2]) };
    let py = object.py();
    let wrong = |raised: PyErr| match raised.is_instance_of::<PyTypeError>(py) {
        true => arg.wrong_type(&object, "one value or two, for the two axes of the image"),
        false => raised,
    };
    match one(arg, &object) {
        Ok(value) => return Ok([value; 2]),
        Err(raised) if !raised.is_instance_of::<PyTypeError>(py) || object.is_instance_of::<PyString>() => {
            return Err(wrong(raised));
        }
        Err(_) => {}
    }
    let values = object.try_iter().map_err(wrong)?.collect::<PyResult<Vec<_>>>()?;
    match values.as_slice() {
        [rows, columns] => Ok([one(arg.item(0), rows)?, one(arg.item(1), columns)?]),
        values => Err(arg.value_error(
            format_args!("{} values", values.len()),
            "one, or two for the two axes of the image",
        )),
    }
}

fn gaussian(function: &'static str, sigma: Given<'_, '_>, truncate: Argument<f64>) -> PyResult<Filter> {
    let check = |arg: Arg, value: f64| match value >= 0.0 && value.is_finite() {
        true => Ok(value),
        false => Err(arg.value_error(value, "a finite number, zero or more")),
    };
    let sigma = one_or_two(Arg::new(function, "sigma"), sigma, 1.0, |arg, sigma| {
        check(arg, arg.read(sigma, "a number")?)
    })?;
    let arg = Arg::new(function, "truncate");
    Ok(Filter::Gaussian { sigma, truncate: check(arg, truncate.get(arg, "a number")?)? })
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
        image, filter = Argument::default("blur"), *, sigma = Given(None), mode = Given(None),
        cval = Argument::default(0.0), truncate = Argument::default(4.0), channel_axis = None, out = None,
        dtype = None, workers = None
    ),
    text_signature = "(image, filter='blur', *, sigma=1.0, mode='reflect', cval=0.0, truncate=4.0, \
                      channel_axis=None, out=None, dtype=None, workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn process_image<'py>(
    image: &Bound<'py, PyAny>,
    filter: Argument<&str>,
    sigma: Given<'_, 'py>,
    mode: Given<'_, 'py>,
    cval: Argument<f64>,
    truncate: Argument<f64>,
    channel_axis: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options { function: "process_image", mode, cval, channel_axis, out, dtype, workers };
    guard(|| {
        let blurs =
            filter.choice(Arg::new(options.function, "filter"), &[("blur", true), ("edges", false)])?;
        // What is no sigma is an error for a filter that has none as well.
        let blur = gaussian(options.function, sigma, truncate)?;
        let filter = if blurs { blur } else { Filter::Sobel(Operator::Magnitude) };
        run(image, options, |_| Ok(filter))
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
/// in single precision, everything else in double precision (integers above 2**53 are rounded to
/// it, unless all of the image are within 2**53 of the first one). A NaN spreads as far as the
/// kernel reaches, as in SciPy. For an image of floats ``cval`` is rounded to its dtype.
///
/// Where the kernel meets one value only, the result is that value, to the bit and up to the
/// largest of the dtype; with ``mode='constant'`` as well, if ``cval`` is that value. Where all
/// that it meets is finite, so is the result. Every level of the CPU gives the same bits.
///
/// Work and memory grow with ``sigma`` and ``truncate`` until the kernel is as long as the image,
/// and not after. Of an image of ``rows`` times ``columns`` and its channels, whatever the
/// parameters are, each value takes at most ``2 * (rows + columns) + 2`` multiplications, and the
/// weights of an axis at most ``256 * length + 8192`` exponentials; scratch memory is at most
/// ``(2 * rows + 16) * (3 * columns + 128)`` numbers of each channel and thread.
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
        image, sigma, *, mode = Given(None), cval = Argument::default(0.0), truncate = Argument::default(4.0),
        channel_axis = None, out = None, dtype = None, workers = None
    ),
    text_signature = "(image, sigma, *, mode='reflect', cval=0.0, truncate=4.0, channel_axis=None, out=None, \
                      dtype=None, workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn gaussian_blur<'py>(
    image: &Bound<'py, PyAny>,
    sigma: Given<'_, 'py>,
    mode: Given<'_, 'py>,
    cval: Argument<f64>,
    truncate: Argument<f64>,
    channel_axis: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options { function: "gaussian_blur", mode, cval, channel_axis, out, dtype, workers };
    guard(|| {
        let filter = gaussian(options.function, sigma, truncate)?;
        run(image, options, |_| Ok(filter))
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
/// a signed dtype or a float to have all of it. Derivatives and magnitude neither overflow nor
/// underflow where their result does not. A NaN spreads to all its neighbours, as in SciPy, and
/// the magnitude is that of ``np.hypot``: infinity where one derivative is infinite.
///
/// It is the image that continues beyond its border, and not its derivative: with
/// ``mode='constant'`` an image of the value ``cval`` has no edges. (SciPy puts ``cval`` around the
/// derivative before it smooths.) Every level of the CPU gives the same bits.
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
        image, *, axis = None, mode = Given(None), cval = Argument::default(0.0), channel_axis = None, out = None,
        dtype = None, workers = None
    ),
    text_signature = "(image, *, axis=None, mode='reflect', cval=0.0, channel_axis=None, out=None, dtype=None, \
                      workers=None)"
)]
#[allow(clippy::too_many_arguments)]
pub fn sobel<'py>(
    image: &Bound<'py, PyAny>,
    axis: Option<&Bound<'py, PyAny>>,
    mode: Given<'_, 'py>,
    cval: Argument<f64>,
    channel_axis: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    dtype: Option<&Bound<'py, PyAny>>,
    workers: Workers,
) -> PyResult<Bound<'py, PyAny>> {
    let options = Options { function: "sobel", mode, cval, channel_axis, out, dtype, workers };
    guard(|| {
        let along = Arg::new(options.function, "axis");
        run(image, options, |axes| Ok(Filter::Sobel(operator(along, axes, axis)?)))
    })
}
