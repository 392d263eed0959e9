//! What keeps other processes of our user out of this one, before it does anything else.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::ffi::{CStr, CString, OsString};
use std::os::unix::ffi::OsStrExt;

/// Nobody but root can look into this process from now on: neither its memory nor its environment or
/// files. Source: prctl(2), `PR_SET_DUMPABLE`; proc(5).
///
/// # Errors
/// What the operating system says.
pub fn close_to_others() -> std::io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Takes variables out of the environment, and their values out of the memory that holds it. Only for
/// the beginning of the program: no other thread may run yet.
pub fn forget_variables(names: &[OsString]) {
    for name in names {
        let Ok(name) = CString::new(name.as_bytes()) else { continue };
        #[expect(
            unsafe_code,
            reason = "nothing safe reaches the memory that the kernel shows as `environ`"
        )]
        // SAFETY: there is only this thread, and nobody keeps a pointer to a value; each ends with a NUL,
        // which stays, and stands in memory that is ours to write (environ(7)).
        unsafe {
            let value = libc::getenv(name.as_ptr());
            if !value.is_null() {
                let length = CStr::from_ptr(value).to_bytes().len();
                std::ptr::write_bytes(value, 0, length);
                libc::unsetenv(name.as_ptr());
            }
        }
    }
}
