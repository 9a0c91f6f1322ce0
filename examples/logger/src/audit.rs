//! Holds what the sinks have against what the threads have logged.

use core::fmt;

use crate::run::{Ledger, Offer, Place};
use crate::stamp::Stamp;

/// What became of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Lines that the threads have logged.
    pub offered: usize,
    /// Lines on standard error.
    pub on_console: usize,
    /// Lines in the file.
    pub in_file: usize,
    /// Lines that were logged while nothing was bound.
    pub dropped: usize,
    /// Lines that were logged wholly between two swaps: only one place was right.
    pub settled: usize,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not whole, or is none of ours.
    Torn {
        /// Where it is.
        place: Place,
        /// The line.
        line: String,
    },
    /// It comes after a later one of its thread, or is there twice.
    OutOfOrder {
        /// Where it is.
        place: Place,
        /// Its thread.
        thread: usize,
        /// Its number.
        number: usize,
    },
    /// It is at several places, or in a sink and counted as dropped.
    Twice {
        /// Its thread.
        thread: usize,
        /// Its number.
        number: usize,
    },
    /// It is nowhere, and was not counted as dropped.
    Lost {
        /// Its thread.
        thread: usize,
        /// Its number.
        number: usize,
    },
    /// It is where nothing was bound that could have put it there.
    Misled {
        /// Where it is.
        place: Place,
        /// Its thread.
        thread: usize,
        /// Its number.
        number: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Torn { place, line } => {
                write!(
                    formatter,
                    "a line on its way to {place} is not whole: {line:?}"
                )
            }
            Fault::OutOfOrder {
                place,
                thread,
                number,
            } => write!(
                formatter,
                "on the way to {place}, line {number} of thread {thread} comes again or too late"
            ),
            Fault::Twice { thread, number } => write!(
                formatter,
                "line {number} of thread {thread} is at more than one place"
            ),
            Fault::Lost { thread, number } => write!(
                formatter,
                "line {number} of thread {thread} was taken and is nowhere"
            ),
            Fault::Misled {
                place,
                thread,
                number,
            } => write!(
                formatter,
                "line {number} of thread {thread} went to {place}, which was not bound then"
            ),
        }
    }
}

impl std::error::Error for Fault {}

/// Finds each line that was logged at exactly one place, which was bound while it was
/// logged, or says what is wrong.
///
/// # Errors
/// The first fault that is found.
pub fn audit(ledger: &Ledger, console: &[u8], file: &[u8]) -> Result<Audit, Fault> {
    audit_offers(&ledger.offers, &ledger.bound, console, file)
}

fn audit_offers(
    offers: &[Vec<Offer>],
    bound: &[Place],
    console: &[u8],
    file: &[u8],
) -> Result<Audit, Fault> {
    let mut found: Vec<Vec<Option<Place>>> = offers
        .iter()
        .map(|offers| {
            let dropped = |offer: &Offer| offer.dropped.then_some(Place::Nowhere);
            offers.iter().map(dropped).collect()
        })
        .collect();
    let on_console = collect(&mut found, Place::Console, console)?;
    let in_file = collect(&mut found, Place::File, file)?;
    let (mut dropped, mut settled) = (0, 0);
    for (thread, (offers, found)) in offers.iter().zip(&found).enumerate() {
        for (number, (offer, found)) in offers.iter().zip(found).enumerate() {
            let place = found.ok_or(Fault::Lost { thread, number })?;
            let possible = offer.possible(bound);
            if !possible.contains(&place) {
                return Err(Fault::Misled {
                    place,
                    thread,
                    number,
                });
            }
            dropped += usize::from(place == Place::Nowhere);
            settled += usize::from(possible.len() == 1);
        }
    }
    Ok(Audit {
        offered: offers.iter().map(Vec::len).sum(),
        on_console,
        in_file,
        dropped,
        settled,
    })
}

impl Offer {
    /// What was bound at some instant between the call's begin and its end.
    fn possible<'a>(&self, bound: &'a [Place]) -> &'a [Place] {
        let first = self.before / 2;
        let last = self.after.div_ceil(2);
        &bound[first as usize..=last as usize]
    }
}

/// Notes the lines of one place; returns how many they are.
fn collect(found: &mut [Vec<Option<Place>>], place: Place, text: &[u8]) -> Result<usize, Fault> {
    let mut latest: Vec<Option<usize>> = vec![None; found.len()];
    let mut lines = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let torn = || Fault::Torn {
            place,
            line: String::from_utf8_lossy(line).into_owned(),
        };
        let message = line
            .strip_suffix(b"\n")
            .and_then(|line| line.strip_prefix(b"INFO "))
            .and_then(|message| str::from_utf8(message).ok());
        let Stamp { thread, number } = message.and_then(Stamp::parse).ok_or_else(torn)?;
        let seen = found
            .get_mut(thread)
            .and_then(|numbers| numbers.get_mut(number))
            .ok_or_else(torn)?;
        if latest[thread] >= Some(number) {
            return Err(Fault::OutOfOrder {
                place,
                thread,
                number,
            });
        }
        latest[thread] = Some(number);
        if seen.replace(place).is_some() {
            return Err(Fault::Twice { thread, number });
        }
        lines += 1;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::{Audit, Fault, Place, audit_offers};
    use crate::run::Offer;
    use crate::stamp::Stamp;

    /// Bound to nothing, to the console, and to the file.
    const BOUND: [Place; 3] = [Place::Nowhere, Place::Console, Place::File];

    fn offer(before: u32, after: u32, dropped: bool) -> Offer {
        Offer {
            before,
            after,
            dropped,
        }
    }

    /// One thread's lines: dropped, to the console, and to either while it changed.
    fn offers() -> Vec<Vec<Offer>> {
        vec![vec![
            offer(0, 0, true),
            offer(2, 2, false),
            offer(2, 3, false),
            offer(4, 4, false),
        ]]
    }

    fn lines(numbers: &[usize]) -> Vec<u8> {
        let line = |&number| format!("INFO {}\n", Stamp { thread: 0, number });
        numbers.iter().map(line).collect::<String>().into_bytes()
    }

    fn found(console: &[u8], file: &[u8]) -> Result<Audit, Fault> {
        audit_offers(&offers(), &BOUND, console, file)
    }

    #[test]
    fn a_line_that_met_a_swap_may_be_on_either_side() {
        let audit = Audit {
            offered: 4,
            on_console: 1,
            in_file: 2,
            dropped: 1,
            settled: 3,
        };
        assert_eq!(found(&lines(&[1]), &lines(&[2, 3])), Ok(audit));
        let audit = Audit {
            on_console: 2,
            in_file: 1,
            ..audit
        };
        assert_eq!(found(&lines(&[1, 2]), &lines(&[3])), Ok(audit));
    }

    #[test]
    fn a_line_that_is_missing_is_lost() {
        let (thread, number) = (0, 2);
        let lost = Err(Fault::Lost { thread, number });
        assert_eq!(found(&lines(&[1]), &lines(&[3])), lost);
    }

    #[test]
    fn a_line_at_two_places_or_dropped_as_well_is_found() {
        let (thread, number) = (0, 1);
        let twice = Err(Fault::Twice { thread, number });
        assert_eq!(found(&lines(&[1]), &lines(&[1, 2, 3])), twice);
        let number = 0;
        let twice = Err(Fault::Twice { thread, number });
        assert_eq!(found(&lines(&[0, 1, 2]), &lines(&[3])), twice);
    }

    #[test]
    fn a_line_that_comes_again_or_too_late_is_out_of_order() {
        for (console, number) in [([1, 1], 1), ([2, 1], 1)] {
            let (place, thread) = (Place::Console, 0);
            let fault = Fault::OutOfOrder {
                place,
                thread,
                number,
            };
            assert_eq!(found(&lines(&console), &lines(&[3])), Err(fault));
        }
    }

    #[test]
    fn a_line_where_nothing_was_bound_to_put_it_is_misled() {
        let (thread, number, place) = (0, 1, Place::File);
        let misled = Err(Fault::Misled {
            place,
            thread,
            number,
        });
        assert_eq!(found(&lines(&[2]), &lines(&[1, 3])), misled);
        // Dropped, though a sink was bound.
        let mut offers = offers();
        offers[0][3].dropped = true;
        let (number, place) = (3, Place::Nowhere);
        let misled = Err(Fault::Misled {
            place,
            thread,
            number,
        });
        let audit = audit_offers(&offers, &BOUND, &lines(&[1, 2]), b"");
        assert_eq!(audit, misled);
    }

    #[test]
    fn a_line_that_is_not_whole_is_torn() {
        let file = lines(&[2, 3]);
        let mut console = lines(&[1]);
        assert!(found(&console, &file).is_ok());
        for at in 0..console.len() {
            let mut changed = console.clone();
            changed.remove(at);
            let fault = found(&changed, &file).expect_err("a byte is missing");
            assert!(matches!(fault, Fault::Torn { .. }), "{at}: {fault}");
        }
        console.extend_from_slice(b"INFO somebody else's\n");
        assert!(matches!(found(&console, &file), Err(Fault::Torn { .. })));
    }
}
