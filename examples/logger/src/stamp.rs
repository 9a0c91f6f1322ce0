//! Lines that tell whether they are whole, and whose they are.

use core::fmt;

/// A message: thread, number, some text, and a checksum of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) thread: usize,
    pub(crate) number: usize,
}

const TEXT: &str = "the quick brown fox jumps over the lazy dog, and the dog is swapped meanwhile";

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stamp { thread, number } = self;
        // Of many lengths, so that the middle of one line is not the middle of another.
        let text = &TEXT[..(number * 31 + thread * 7) % TEXT.len()];
        let message = format!("{thread} {number} {text}");
        write!(formatter, "{message} {:016x}", checksum(&message))
    }
}

impl Stamp {
    /// Reads a line's message; [`None`] if it is not whole.
    pub(crate) fn parse(line: &str) -> Option<Stamp> {
        let (message, sum) = line.rsplit_once(' ')?;
        if sum.len() != 16 || u64::from_str_radix(sum, 16).ok()? != checksum(message) {
            return None;
        }
        let mut words = message.splitn(3, ' ');
        let (thread, number) = (words.next()?, words.next()?);
        Some(Stamp {
            thread: thread.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

/// FNV-1a.
fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn a_whole_message_is_read_and_no_part_or_mixture_of_messages_is() {
        let (stamp, other) = (
            Stamp {
                thread: 2,
                number: 12_345,
            },
            Stamp {
                thread: 1,
                number: 77,
            },
        );
        let (one, two) = (stamp.to_string(), other.to_string());
        assert_eq!(Stamp::parse(&one), Some(stamp));
        assert_eq!(Stamp::parse(&two), Some(other));
        for cut in 0..one.len() {
            assert_eq!(Stamp::parse(&one[..cut]), None);
            assert_eq!(
                Stamp::parse(&format!("{}{two}", &one[..cut])).is_some(),
                cut == 0
            );
            if cut > 0 {
                assert_eq!(Stamp::parse(&one[cut..]), None);
            }
        }
    }
}
