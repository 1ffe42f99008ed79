//! The table of element types, and the one place that turns a dtype into a type.
//!
//! To add an element type is to add one line to the table, and its number in `bindings/array/dtypes.rs`. Every bit
//! pattern of its size has to be a value of it.

/// The type of an element, as Rust knows it.
pub trait Element:
    sealed::Sealed + Copy + Default + Send + Sync + PartialEq + std::fmt::Debug + 'static
{
    /// The same, as a value.
    const DTYPE: DType;
}

/// Only the table makes elements: the door takes the type of memory from a dtype.
mod sealed {
    pub trait Sealed {}
}

/// NumPy's bool: a byte that is true if it is not zero.
#[derive(Debug, Clone, Copy, Default)]
#[repr(transparent)]
pub struct Bool(pub u8);

impl Bool {
    /// As a Rust bool.
    #[inline(always)]
    pub fn get(self) -> bool {
        self.0 != 0
    }
}

impl From<bool> for Bool {
    #[inline(always)]
    fn from(value: bool) -> Self {
        Bool(u8::from(value))
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

// A macro, as generics make neither an enum with a variant for each line of the table nor a `match` whose arms each
// name a type.
macro_rules! table {
    ($d:tt $($variant:ident $type:ty, $name:literal;)*) => {
        /// The type of the elements of an array.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DType {
            $(#[doc = $name] $variant),*
        }

        impl DType {
            /// Every element type.
            pub const ALL: &[DType] = &[$(DType::$variant),*];

            /// NumPy's name.
            pub fn name(self) -> &'static str {
                match self { $(DType::$variant => $name),* }
            }

            /// Bytes in an element.
            pub fn size(self) -> usize {
                match self { $(DType::$variant => size_of::<$type>()),* }
            }
        }

        $(impl sealed::Sealed for $type {}

        impl Element for $type {
            const DTYPE: DType = DType::$variant;
        })*

        /// Evaluates an expression with `T` as the element type of a dtype:
        /// `dispatch!(dtype, T => f::<T>(x))`.
        #[allow(unused_macros)]
        macro_rules! dispatch {
            ($d dtype:expr, $d T:ident => $d body:expr) => {
                match $d dtype {
                    $($crate::dtype::DType::$variant => {
                        type $d T = $type;
                        $d body
                    })*
                }
            };
        }
    };
}

table! { $
    Bool crate::dtype::Bool, "bool";
    I8 i8, "int8";
    I16 i16, "int16";
    I32 i32, "int32";
    I64 i64, "int64";
    U8 u8, "uint8";
    U16 u16, "uint16";
    U32 u32, "uint32";
    U64 u64, "uint64";
    F32 f32, "float32";
    F64 f64, "float64";
}

#[allow(unused_imports)] // without the bindings nothing uses it
pub(crate) use dispatch;
