//! Memory that a photo took is kept for the next one.
//!
//! glibc gives freed memory back to the kernel, which clears each page of it when it is asked for again: for every photo
//! anew. Elsewhere nothing is done.

/// So many freed bytes at the end of a pool are kept: several times what a scan takes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: libc::c_int = 256 << 20;
/// Larger buffers than this, those of photos of 32 megapixels and more, are given back at once (the most that glibc allows).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 32 << 20;

/// Keeps it from now on. It is the whole process's setting: the command's to make, not the library's.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: both calls set a number of the allocator.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
    }
}
