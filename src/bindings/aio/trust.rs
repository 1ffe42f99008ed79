//! Which servers are trusted: by the system on Windows and macOS, which checks certificates itself; elsewhere by
//! certificates in files, which are read when they are first needed and again when the environment names others or
//! the files that it names have changed. Knows nothing of Python.

#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
mod files;
#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
mod pem;
#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
mod system;

#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
pub use files::Sources;
#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
pub use system::Sources;
