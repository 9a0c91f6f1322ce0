//! What to write in the source to gain more: sentences that name a place.
//!
//! [`rules`] is pure: from what is known of a call site to what is advised there. It is
//! handed what the report's row is made from, so that both say the same.

use std::fmt;

pub(crate) mod rules;

/// What to write in the source to gain more, from
/// [`runtime::advise`](crate::runtime::advise) and the report. `Display` prints a sentence
/// for each suggestion, on a line of its own.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Advice {
    suggestions: Vec<Suggestion>,
}

impl Advice {
    pub(crate) fn new(suggestions: Vec<Suggestion>) -> Self {
        Advice { suggestions }
    }

    /// The suggestions, in the order of the source.
    pub fn iter(&self) -> std::slice::Iter<'_, Suggestion> {
        self.suggestions.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.suggestions.len()
    }

    /// Whether nothing is advised, or nothing yet.
    pub fn is_empty(&self) -> bool {
        self.suggestions.is_empty()
    }
}

impl<'a> IntoIterator for &'a Advice {
    type Item = &'a Suggestion;
    type IntoIter = std::slice::Iter<'a, Suggestion>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Advice {
    type Item = Suggestion;
    type IntoIter = std::vec::IntoIter<Suggestion>;

    fn into_iter(self) -> Self::IntoIter {
        self.suggestions.into_iter()
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return formatter.write_str("nothing is advised so far");
        }
        for (index, suggestion) in self.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{suggestion}")?;
        }
        Ok(())
    }
}

/// One thing to write in the source, or to take out of it.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Suggestion {
    pub(crate) location: String,
    pub(crate) what: String,
    pub(crate) plugin: Option<u64>,
    pub(crate) kind: AdviceKind,
    pub(crate) types: Vec<String>,
    pub(crate) message: String,
}

impl Suggestion {
    /// Where the call or the region stands: file, line, column; and a number where several
    /// stand there.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The file of it, as the compiler was told.
    pub fn file(&self) -> &str {
        self.places().0
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.places().1
    }

    /// The column, from 1.
    pub fn column(&self) -> u32 {
        self.places().2
    }

    /// `Trait::method`, or `specialize!`.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Which plugin it lies in, if in one.
    pub fn plugin(&self) -> Option<u64> {
        self.plugin
    }

    /// Of which kind it is.
    pub fn kind(&self) -> AdviceKind {
        self.kind
    }

    /// The types that it is about, by their full names: those to list in the order in which
    /// to list them, those to take off a list, those whose loop is to be compiled.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// The sentence, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn places(&self) -> (&str, u32, u32) {
        let place = self.location.split(" #").next().unwrap_or_default();
        let mut parts = place.rsplitn(3, ':');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        let (column, line) = (number(), number());
        (parts.next().unwrap_or_default(), line, column)
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.location)?;
        if let Some(plugin) = self.plugin {
            write!(formatter, " (plugin {plugin})")?;
        }
        write!(formatter, ", {}: {}", self.what, self.message)
    }
}

/// What a [`Suggestion`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum AdviceKind {
    /// List these types, in this order.
    List,
    /// Do not list these.
    Unlist,
    /// The same object is called many times in a row: compile the loop for its type. Or a few
    /// types make most of the calls, and a list would hardly gain here: compile the call for them.
    Specialize,
    /// A chain has no room for types that are often met.
    RaiseTargets,
    /// Nothing is to be gained: make the plain call.
    LeaveAlone,
    /// It is never called.
    Remove,
}

/// `a::b::Saw<c::D>` as `Saw<D>`.
pub(crate) fn short(type_name: &str) -> String {
    let mut short = String::new();
    let mut segment = String::new();
    let mut characters = type_name.chars().peekable();
    while let Some(character) = characters.next() {
        if character == ':' && characters.peek() == Some(&':') {
            characters.next();
            segment.clear();
        } else if character.is_alphanumeric() || character == '_' {
            segment.push(character);
        } else {
            short.push_str(&segment);
            segment.clear();
            short.push(character);
        }
    }
    short + &segment
}

#[cfg(test)]
mod tests;
