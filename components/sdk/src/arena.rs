//! The allocator of a policy: a static arena, handed out from the front.
//!
//! A call lives for microseconds in a fresh instance, so freeing is not worth its code; only the
//! last block is taken back or resized in place, which is what a growing `Vec` or `String` needs.
//! The arena lies in `.bss`: `memory.grow` costs the host two `mprotect` a call and makes a second
//! core slower than one. A policy that needs more than the arena still works: it grows its memory,
//! up to the host's bound.
#![expect(
    unsafe_code,
    reason = "an allocator deals in raw memory; this is the SDK's only hand-written unsafe code"
)]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::{Cell, UnsafeCell};
use core::ptr::null_mut;

const ARENA_BYTES: usize = 384 * 1024;
const PAGE_BYTES: usize = 64 * 1024;
/// What is asked of the host at once, at least, when the arena is full.
const GROWTH_PAGES: usize = 16;

#[repr(align(16))]
struct Arena(UnsafeCell<[u8; ARENA_BYTES]>);

/// Hands out addresses from `next` up to `end`; both are 0 until the first allocation.
struct Bump {
    arena: Arena,
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: wasm32-unknown-unknown without the threads proposal has one thread.
unsafe impl Sync for Bump {}

#[global_allocator]
static ALLOCATOR: Bump =
    Bump { arena: Arena(UnsafeCell::new([0; ARENA_BYTES])), next: Cell::new(0), end: Cell::new(0) };

impl Bump {
    /// Makes sure that `bytes` aligned to `align` fit, and answers their address; none if the
    /// host gives no more memory.
    fn reserve(&self, bytes: usize, align: usize) -> Option<usize> {
        if self.end.get() == 0 {
            let start = self.arena.0.get() as usize;
            self.next.set(start);
            self.end.set(start + ARENA_BYTES);
        }
        let start = self.next.get().checked_next_multiple_of(align)?;
        if start.checked_add(bytes)? <= self.end.get() {
            return Some(start);
        }
        self.grow(bytes.checked_add(align)?)?;
        self.next.get().checked_next_multiple_of(align)
    }

    /// Goes on in fresh pages from the host. What is left of the region before is lost, unless the
    /// pages follow it directly.
    fn grow(&self, bytes: usize) -> Option<()> {
        let pages = bytes.div_ceil(PAGE_BYTES).max(GROWTH_PAGES);
        let start = memory_size(0) * PAGE_BYTES;
        if memory_grow(0, pages) == usize::MAX {
            return None;
        }
        if self.end.get() != start {
            self.next.set(start);
        }
        self.end.set(start + pages * PAGE_BYTES);
        Some(())
    }

    fn is_last(&self, block: *mut u8, bytes: usize) -> bool {
        block as usize + bytes == self.next.get()
    }
}

// SAFETY: `reserve` answers aligned addresses of memory that nobody else has, and `next` moves past
// them before they are handed out. It moves back only over the last block, when that is freed or
// shrunk.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(start) = self.reserve(layout.size(), layout.align()) else {
            return null_mut();
        };
        self.next.set(start + layout.size());
        start as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_last(block, layout.size()) {
            self.next.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let fits = (block as usize).checked_add(new_size).is_some_and(|end| end <= self.end.get());
        if self.is_last(block, layout.size()) && fits {
            self.next.set(block as usize + new_size);
            return block;
        }
        if new_size <= layout.size() {
            return block;
        }
        // SAFETY: the new block is at least as long as the old one, does not overlap it, and the
        // old one is the caller's.
        unsafe {
            let new_block = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if !new_block.is_null() {
                core::ptr::copy_nonoverlapping(block, new_block, layout.size());
            }
            new_block
        }
    }
}
