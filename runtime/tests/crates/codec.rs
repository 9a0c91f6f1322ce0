//! A codec as users write it, in syntax that every edition knows.

use static_call::{specialize, static_call, static_dispatch};
use std::fmt;

/// Encodes.
#[static_dispatch(object = FastCodec)]
pub trait Codec: fmt::Debug + Send {
    /// Appends to `into` what `source` becomes.
    #[static_dispatch(targets = 2, inline = [Store])]
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize;
    /// Moves, borrows, names lifetimes.
    ///
    /// # Errors
    /// With what was given.
    #[static_dispatch]
    fn explain<'a>(&'a mut self, why: Option<String>, level: Level<'a>) -> Result<&'a str, String>;
    /// Has a body.
    #[static_dispatch(targets = 1)]
    fn level(&self, level: (u8, u8)) -> u8 {
        level.0.max(level.1)
    }
    /// Formats.
    ///
    /// # Errors
    /// As formatting does.
    #[static_dispatch]
    fn show(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
    /// Keeps a lifetime that the trampoline has no use for.
    #[must_use]
    #[static_dispatch]
    fn words<'a>(&'a self, of: &'a str) -> Vec<&'a str> {
        let _ = self;
        of.split(' ').collect()
    }
    /// Its type is as complex as its author wants it.
    #[static_dispatch]
    #[expect(clippy::type_complexity, reason = "expansions have to bear it too")]
    fn nested(
        &self,
        of: &mut [(u8, Option<Result<Vec<(u8, [u16; 4])>, (String, [u8; 3])>>)],
    ) -> bool {
        of.is_empty()
    }
    /// Not dispatched.
    fn name(&self) -> String;
}

/// Has a lifetime.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Level<'a>(pub &'a str);

/// Has type parameters and associated types.
#[static_dispatch(targets = 1, object = FastConvert)]
pub trait Convert<A, B: ?Sized>
where
    A: Clone,
{
    /// What comes out.
    type Output;
    /// Converts.
    fn convert(&self, from: A, with: &B) -> Self::Output;
    /// Is not dispatched.
    #[static_dispatch(skip)]
    fn skipped(&self) {}
}

/// Is generic in a lifetime and a number.
#[static_dispatch(targets = 1, object = FastFill)]
pub(crate) trait Fill<'a, const N: usize> {
    /// Fills.
    fn fill(&mut self, with: &'a [u8; N]) -> [u8; N];
}

/// Encodes by copying.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Store;

#[static_dispatch]
impl Codec for Store {
    fn encode(&self, source: &[u8], into: &mut Vec<u8>) -> usize {
        into.extend_from_slice(source);
        source.len()
    }
    fn explain<'a>(&'a mut self, why: Option<String>, level: Level<'a>) -> Result<&'a str, String> {
        why.map_or(Ok(level.0), Err)
    }
    fn name(&self) -> String {
        String::from("store")
    }
}

#[static_dispatch]
impl Convert<u8, str> for Store {
    type Output = String;
    fn convert(&self, from: u8, with: &str) -> Self::Output {
        from.to_string() + with
    }
}

impl<'a, const N: usize> Fill<'a, N> for Store {
    fn fill(&mut self, with: &'a [u8; N]) -> [u8; N] {
        *with
    }
}

/// Calls everything.
///
/// # Errors
/// If an explanation fails.
pub fn hot(
    codec: &mut (dyn Codec + Sync),
    convert: &dyn Convert<u8, str, Output = String>,
    into: &mut Vec<u8>,
) -> Result<usize, String> {
    let length = static_call!(codec.encode(b"source", into));
    let level = static_call!(codec.level((1, 2)), inline = [Store]);
    let text = static_call!(convert.convert(level, "text"), inline = [Store]);
    let explained = static_call!(codec.explain(Some(text), Level("level")))?.len();
    let mut store = Store;
    let fill: &mut dyn Fill<'_, 2> = &mut store;
    let words = static_call!(codec.words("three of them"));
    Ok(length + words.len() + explained + static_call!(fill.fill(&[1, 2])).len())
}

/// Calls everything plainly, through objects that dispatch.
///
/// # Errors
/// If an explanation fails.
pub fn plain(
    codec: &mut (dyn FastCodec + Sync),
    convert: &dyn FastConvert<u8, str, Output = String>,
    into: &mut Vec<u8>,
) -> Result<usize, String> {
    let length = codec.encode(b"source", into);
    let text = convert.convert(codec.level((1, 2)), "text");
    let explained = codec.explain(Some(text), Level("level"))?.len();
    let mut store = Store;
    let fill: &mut dyn FastFill<'_, 2> = &mut store;
    Ok(length + codec.words("three of them").len() + explained + fill.fill(&[1, 2]).len())
}

/// Encodes all of it, by one test of the codec's type.
#[must_use]
pub fn all(codec: &(dyn Codec + 'static), sources: &[&[u8]], into: &mut Vec<u8>) -> usize {
    let mut total = 0;
    specialize!(codec: [Store] in {
        for source in sources {
            total += codec.encode(source, into) + static_call!(codec.encode(source, into));
        }
    });
    total
}

/// Formats by a codec that a box holds.
///
/// # Errors
/// If an explanation fails.
pub fn explain(codec: &mut Box<dyn Codec>, why: Option<String>) -> Result<usize, String> {
    let length = specialize!(inner = &mut **codec: [Store] in {
        inner.explain(why, Level("level"))?.len()
    });
    Ok(length + static_call!(codec.encode(b"source", &mut Vec::new())))
}

/// Shows a codec.
#[non_exhaustive]
pub struct Shown<'a>(pub &'a dyn Codec);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        static_call!(self.0.show(formatter))
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
