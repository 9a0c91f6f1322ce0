//! The planner's promises, for any window.
#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use static_call::__fuzzing::{Window, plan};

struct Any(Window);

impl Arbitrary<'_> for Any {
    fn arbitrary(bytes: &mut Unstructured<'_>) -> Result<Self> {
        let capacity = bytes.int_in_range(1..=8)?;
        let few = |bytes: &mut Unstructured<'_>| -> Result<Vec<u8>> {
            let length = bytes.int_in_range(0..=9)?;
            (0..length).map(|_| bytes.int_in_range(0..=19)).collect()
        };
        let (registered, current) = (few(bytes)?, few(bytes)?);
        let length = bytes.int_in_range(0..=18)?;
        let seen = (0..length)
            .map(|_| {
                let key = match bytes.int_in_range(0..=15)? {
                    key @ 0..=7 => Some(key),
                    _ => None,
                };
                Ok((
                    bytes.int_in_range(0..=19)?,
                    bytes.int_in_range(0..=600)?,
                    key,
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Any(Window {
            seen,
            others: bytes.int_in_range(0..=2000)?,
            registered,
            current,
            capacity,
            shares: Arbitrary::arbitrary(bytes)?,
        }))
    }
}

impl std::fmt::Debug for Any {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

fuzz_target!(|window: Any| plan(&window.0));
