//! A provider that refuses, for tests of what happens then.

use std::io;
use std::ops::Range;

use super::{CodeMemory, Edit, PatchError, runs};

/// Refuses at one step, at once or later.
///
/// What it does not refuse it leaves to the provider underneath, or pretends
/// to have done: then [`reserve_near`](CodeMemory::reserve_near) names an
/// address range that is not mapped.
pub(crate) struct Refusing {
    /// The system call that is refused: `mmap` (reserving and replacing),
    /// `mprotect`, `mremap` (replacing) or `membarrier`.
    pub(crate) step: &'static str,
    /// How many times the step succeeds first.
    pub(crate) after: usize,
    /// Whether it refuses one time only.
    pub(crate) once: bool,
    /// How many edits of a refused batch take effect, lowest addresses first.
    pub(crate) partly: usize,
    /// The same of those that are refused after the first, if it is another number.
    pub(crate) then: Option<usize>,
    /// Who does what is not refused.
    pub(crate) inner: Option<Box<dyn CodeMemory>>,
}

impl Refusing {
    /// Refuses at the system call `step`, from the first time on.
    pub(crate) fn at(step: &'static str) -> Self {
        Self {
            step,
            after: 0,
            once: false,
            partly: 0,
            then: None,
            inner: None,
        }
    }

    /// Whether one of `steps` is refused now; counts it if not.
    fn refuses(&mut self, steps: &[&str]) -> bool {
        if !steps.contains(&self.step) {
            return false;
        }
        match self.after.checked_sub(1) {
            Some(left) => self.after = left,
            None if self.once => {
                self.after = usize::MAX;
                return true;
            }
            None => return true,
        }
        false
    }

    fn error(&self) -> PatchError {
        PatchError::new(self.step, io::ErrorKind::PermissionDenied)
    }
}

impl CodeMemory for Refusing {
    unsafe fn replace_again(&mut self, edit: &Edit<'_>) -> Result<(), PatchError> {
        // SAFETY: the contract is `replace`'s, and the caller upholds it.
        unsafe { self.replace(std::slice::from_ref(edit)) }
    }

    unsafe fn replace(&mut self, edits: &[Edit<'_>]) -> Result<(), PatchError> {
        let sorted = runs::sorted(edits);
        let refused = self.refuses(&["mmap", "mprotect", "mremap"]);
        let applied = if refused {
            self.partly.min(sorted.len())
        } else {
            sorted.len()
        };
        if let Some(inner) = &mut self.inner {
            // SAFETY: a subset of the caller's edits, so the caller upholds it.
            unsafe { inner.replace(&sorted[..applied]) }?;
        }
        if refused {
            self.partly = self.then.unwrap_or(self.partly);
            let below = sorted.get(applied).map_or(usize::MAX, |edit| edit.at);
            return Err(PatchError {
                applied,
                below,
                ..self.error()
            });
        }
        Ok(())
    }

    fn exchange_whole(&mut self, at: usize) {
        if let Some(inner) = &mut self.inner {
            inner.exchange_whole(at);
        }
    }

    fn admit(&mut self, at: usize) -> Result<(), PatchError> {
        self.inner.as_mut().map_or(Ok(()), |inner| inner.admit(at))
    }

    fn reserve_near(
        &mut self,
        near: Range<usize>,
        bytes: usize,
    ) -> Result<Range<usize>, PatchError> {
        if self.refuses(&["mmap"]) {
            return Err(self.error());
        }
        if let Some(inner) = &mut self.inner {
            return inner.reserve_near(near, bytes);
        }
        let start = near.end.next_multiple_of(0x1000);
        Ok(start..start + bytes.next_multiple_of(0x1000))
    }

    unsafe fn keep_together(&mut self, pages: Range<usize>) {
        if let Some(inner) = &mut self.inner {
            // SAFETY: the contract is the same, and the caller upholds it.
            unsafe { inner.keep_together(pages) };
        }
    }

    fn forget(&mut self, object: &Range<usize>) {
        if let Some(inner) = &mut self.inner {
            inner.forget(object);
        }
    }

    fn is_code(&mut self, address: usize) -> bool {
        self.inner
            .as_mut()
            .is_none_or(|inner| inner.is_code(address))
    }

    fn barrier(&mut self) -> Result<(), PatchError> {
        if self.refuses(&["membarrier"]) {
            return Err(self.error());
        }
        self.inner.as_mut().map_or(Ok(()), |inner| inner.barrier())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_batch_names_the_edits_that_took_effect() {
        let mut memory = Refusing {
            after: 1,
            partly: 1,
            ..Refusing::at("mremap")
        };
        let edits = [
            Edit {
                at: 0x2000,
                bytes: &[0],
            },
            Edit {
                at: 0x1000,
                bytes: &[0],
            },
        ];
        // SAFETY: there is no provider underneath, so nothing is written.
        let results = unsafe { [memory.replace(&edits), memory.replace(&edits)] };
        assert!(results[0].is_ok());
        let error = results[1].as_ref().unwrap_err();
        assert_eq!(
            (error.step, error.applied, error.below),
            ("mremap", 1, 0x2000)
        );
        assert!(memory.barrier().is_ok());
        assert!(Refusing::at("membarrier").barrier().is_err());
        assert!(Refusing::at("mmap").reserve_near(0..1, 1).is_err());
        assert_eq!(memory.reserve_near(0..1, 1).unwrap(), 0x1000..0x2000);
    }
}
