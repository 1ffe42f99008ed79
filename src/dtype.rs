//! The table of element types, and the one place that turns a dtype into a type.
//!
//! To add an element type is to add one line to the table.

/// The type of an element, as Rust knows it.
pub trait Element: sealed::Sealed + Copy + Send + Sync + PartialEq + std::fmt::Debug + 'static {
    /// The same, as a value.
    const DTYPE: DType;
}

/// Only the table makes elements: `layout` takes the type of memory from a dtype, which no second type may claim.
mod sealed {
    pub trait Sealed {}
}

/// What sort of number an element is, in the order in which NumPy promotes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// True or false.
    Bool,
    /// Integers from zero.
    Unsigned,
    /// Integers with a sign.
    Signed,
    /// IEEE 754.
    Float,
    /// A pair of floats.
    Complex,
}

/// NumPy's bool: a byte that is true if it is not zero. (A Rust `bool` may only be 0 or 1, and
/// nothing stops a NumPy array of bools from holding a 2.)
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

// Macros, as generics make neither an enum with a variant for each line of the table nor a `match` whose
// arms each name a type.
macro_rules! table {
    ($d:tt real { $($real:ident $real_type:ty, $real_name:literal, $real_kind:ident;)* }
     complex { $($complex:ident $complex_type:ty, $complex_name:literal;)* }) => {
        table! { $d all
            $($real $real_type, $real_name, $real_kind;)*
            $($complex $complex_type, $complex_name, Complex;)*
        }

        /// As `dispatch!`, for functions that complex numbers have no meaning for:
        /// `dispatch_real!(dtype, T => f::<T>(x), complex => refuse())`.
        #[allow(unused_macros)]
        macro_rules! dispatch_real {
            ($d dtype:expr, $d T:ident => $d body:expr, complex => $d other:expr) => {
                match $d dtype {
                    $($crate::dtype::DType::$real => {
                        type $d T = $real_type;
                        $d body
                    })*
                    $($crate::dtype::DType::$complex)|* => $d other,
                }
            };
        }
    };
    ($d:tt all $($variant:ident $type:ty, $name:literal, $kind:ident;)*) => {
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

            /// What sort of number it is.
            pub fn kind(self) -> Kind {
                match self { $(DType::$variant => Kind::$kind),* }
            }

            /// Whether it has an order: all but complex numbers.
            pub fn is_real(self) -> bool {
                self.kind() != Kind::Complex
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
    real {
        Bool crate::dtype::Bool, "bool", Bool;
        I8 i8, "int8", Signed;
        I16 i16, "int16", Signed;
        I32 i32, "int32", Signed;
        I64 i64, "int64", Signed;
        U8 u8, "uint8", Unsigned;
        U16 u16, "uint16", Unsigned;
        U32 u32, "uint32", Unsigned;
        U64 u64, "uint64", Unsigned;
        F16 half::f16, "float16", Float;
        F32 f32, "float32", Float;
        F64 f64, "float64", Float;
    }
    complex {
        C64 num_complex::Complex<f32>, "complex64";
        C128 num_complex::Complex<f64>, "complex128";
    }
}

#[allow(unused_imports)] // without the bindings only tests use it
pub(crate) use {dispatch, dispatch_real};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_itself() {
        for &dtype in DType::ALL {
            let (same, size) = dispatch!(dtype, T => (T::DTYPE, size_of::<T>()));
            assert_eq!((same, size), (dtype, dtype.size()));
            let bits = dtype.name().trim_start_matches(|c: char| c.is_alphabetic());
            assert!(bits.is_empty() || bits.parse() == Ok(8 * size));
        }
    }

    #[test]
    fn any_byte_but_zero_is_true() {
        assert_eq!(Bool(2), Bool::from(true));
        assert_ne!(Bool(0), Bool(2));
    }
}
