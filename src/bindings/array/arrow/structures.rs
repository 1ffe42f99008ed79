//! The structures of the Arrow C data interface: moved out of capsules, filled by streams, released once.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::num::TryFromIntError;
use std::ptr::null_mut;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyCapsule, PyCapsuleMethods};

use crate::bindings::argument::Arg;
use crate::bindings::display::kind_of;

/// A function that gives back what a structure holds.
// SAFETY: called by `Owned` alone, once, with a structure that nobody else has.
pub type Release<T> = unsafe extern "C" fn(*mut T);

/// A function of a stream that fills a structure.
// SAFETY: called with a stream that lives, on one thread.
pub type Fill<T> = unsafe extern "C" fn(*mut ArrowArrayStream, *mut T) -> c_int;

/// A function of a stream that says what was wrong.
// SAFETY: as above; the text that it gives is copied at once.
pub type Reason = unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char;

/// What an array is of.
#[repr(C)]
pub struct ArrowSchema {
    pub format: *const c_char,
    pub name: *const c_char,
    pub metadata: *const c_char,
    pub flags: i64,
    pub n_children: i64,
    pub children: *mut *mut ArrowSchema,
    pub dictionary: *mut ArrowSchema,
    pub release: Option<Release<ArrowSchema>>,
    pub private_data: *mut c_void,
}

impl ArrowSchema {
    /// The schema of the values: that of the dictionary, where the array holds indices into one.
    pub fn of_values(&self) -> &ArrowSchema {
        // SAFETY: the schema of a dictionary lives as long as its parent.
        unsafe { self.dictionary.as_ref() }.unwrap_or(self)
    }

    /// The name of its extension type, if it is of one; an error if its metadata have a length that is none.
    pub fn extension(&self) -> Result<Option<String>, TryFromIntError> {
        if self.metadata.is_null() {
            return Ok(None);
        }
        let mut rest = self.metadata.cast::<u8>();
        let length = |rest: &mut *const u8| {
            // SAFETY: metadata are the number of pairs, and then of each the key and the value with its length before
            // it, as the interface has it: integers of 32 bits in native order, at any address. They live as long as
            // the schema; how long they are, they say themselves.
            let length = unsafe {
                let length = rest.cast::<i32>().read_unaligned();
                *rest = rest.add(4);
                length
            };
            usize::try_from(length)
        };
        let text = |rest: &mut *const u8| -> Result<_, TryFromIntError> {
            let len = length(rest)?;
            // SAFETY: as above.
            unsafe {
                let text = std::slice::from_raw_parts(*rest, len);
                *rest = rest.add(len);
                Ok(text)
            }
        };
        for _ in 0..length(&mut rest)? {
            let (key, value) = (text(&mut rest)?, text(&mut rest)?);
            if key == b"ARROW:extension:name" {
                return Ok(Some(String::from_utf8_lossy(value).into_owned()));
            }
        }
        Ok(None)
    }
}

/// An array: its buffers, and the arrays in it.
#[repr(C)]
pub struct ArrowArray {
    pub length: i64,
    pub null_count: i64,
    pub offset: i64,
    pub n_buffers: i64,
    pub n_children: i64,
    pub buffers: *mut *const c_void,
    pub children: *mut *mut ArrowArray,
    pub dictionary: *mut ArrowArray,
    pub release: Option<Release<ArrowArray>>,
    pub private_data: *mut c_void,
}

/// Arrays of one schema, one after the other.
#[repr(C)]
pub struct ArrowArrayStream {
    pub get_schema: Option<Fill<ArrowSchema>>,
    pub get_next: Option<Fill<ArrowArray>>,
    pub get_last_error: Option<Reason>,
    pub release: Option<Release<ArrowArrayStream>>,
    pub private_data: *mut c_void,
}

/// A structure of the interface, which is released once, by whoever has it.
pub trait Structure: Sized {
    /// The name of its capsules.
    const NAME: &'static CStr;
    /// One that holds nothing, to be filled.
    const EMPTY: Self;

    fn release(&mut self) -> &mut Option<Release<Self>>;
}

// A macro, as the fields have one name in three types that C lays out.
macro_rules! structure {
    ($type:ident, $name:literal, { $($field:ident: $empty:expr),* }) => {
        impl Structure for $type {
            const NAME: &'static CStr = $name;
            const EMPTY: Self = $type { $($field: $empty,)* release: None, private_data: null_mut() };

            fn release(&mut self) -> &mut Option<Release<Self>> {
                &mut self.release
            }
        }
    };
}

structure!(ArrowSchema, c"arrow_schema", {
    format: null_mut(), name: null_mut(), metadata: null_mut(), flags: 0, n_children: 0, children: null_mut(),
    dictionary: null_mut()
});
structure!(ArrowArray, c"arrow_array", {
    length: 0, null_count: 0, offset: 0, n_buffers: 0, n_children: 0, buffers: null_mut(), children: null_mut(),
    dictionary: null_mut()
});
structure!(ArrowArrayStream, c"arrow_array_stream", {
    get_schema: None, get_next: None, get_last_error: None
});

/// A structure that is ours to release.
pub struct Owned<T: Structure>(pub T);

impl<T: Structure> Drop for Owned<T> {
    fn drop(&mut self) {
        if let Some(release) = self.0.release().take() {
            // The function finds out by it whether it has been called.
            *self.0.release() = Some(release);
            // SAFETY: the structure was moved here, out of a capsule or from a stream, whose producer gave it this
            // function to release it with. Nobody else has it; the field is emptied below whatever the function does.
            unsafe { release(&raw mut self.0) };
            *self.0.release() = None;
        }
    }
}

// SAFETY: what is read of an array does not change until it is released, which the interface allows on any thread.
unsafe impl Send for Owned<ArrowArray> {}
// SAFETY: as above; nothing changes it through a shared reference.
unsafe impl Sync for Owned<ArrowArray> {}

/// Moves a structure out of a capsule, which is told so by the missing release function.
pub fn moved<T: Structure>(arg: Arg, capsule: &Bound<'_, PyAny>) -> PyResult<Owned<T>> {
    let name = T::NAME.to_string_lossy();
    let Ok(capsule) = capsule.cast::<PyCapsule>() else {
        return Err(arg.type_error(
            format_args!("Arrow data in a {}", kind_of(capsule)),
            format_args!("a PyCapsule of the name {name}"),
        ));
    };
    let pointer = capsule.pointer_checked(Some(T::NAME)).map_err(|error| {
        arg.type_error(
            format_args!("Arrow data in another capsule ({error})"),
            format_args!("one of the name {name}"),
        )
    })?;
    let source = pointer.cast::<T>();
    if !source.is_aligned() {
        return Err(arg.value_error("Arrow data that are not aligned", format_args!("an {name}")));
    }
    // SAFETY: a capsule of this name holds such a structure (the Arrow PyCapsule interface), which lives as long as
    // the capsule, and nobody else takes it meanwhile: another thread with the same capsule waits for its critical
    // section. It is read whole, and its owner is told that it was moved.
    let structure = with_critical_section(capsule, || unsafe {
        let source = &mut *source.as_ptr();
        source.release().is_some().then(|| {
            let structure = std::ptr::read(source);
            *source.release() = None;
            structure
        })
    });
    let released = || arg.value_error("Arrow data that were released", format_args!("an {name} that lives"));
    structure.map(Owned).ok_or_else(released)
}

impl Owned<ArrowArrayStream> {
    /// Calls a function of the stream that fills a structure.
    pub fn fill<T: Structure>(
        &mut self,
        arg: Arg,
        function: impl FnOnce(&ArrowArrayStream) -> Option<Fill<T>>,
        into: &mut Owned<T>,
    ) -> PyResult<()> {
        let Some(function) = function(&self.0) else {
            return Err(
                arg.value_error("an Arrow stream without a function", "one as of the C stream interface")
            );
        };
        // SAFETY: the stream has not been released, its functions take it and a structure to fill; that they are
        // not called from two threads at once, `&mut` sees to.
        let code = unsafe { function(&raw mut self.0, &raw mut into.0) };
        if code == 0 {
            return Ok(());
        }
        // What a failed call has left is not ours.
        *into.0.release() = None;
        let text = self.0.get_last_error.and_then(|get_last_error| {
            // SAFETY: as above; the text, if there is one, lives until the next call.
            unsafe {
                let text = get_last_error(&raw mut self.0);
                (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
            }
        });
        let text = text.unwrap_or_else(|| "no reason given".to_owned());
        let Arg { function, .. } = arg;
        Err(PyRuntimeError::new_err(format!("{function}: the Arrow stream failed with code {code}: {text}")))
    }
}
