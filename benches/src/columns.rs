//! The contenders.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use static_call::runtime::Mode;

/// One way of making the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// Through the vtable: what all others are compared with.
    Plain,
    /// The same once more: the noise.
    Control,
    /// `static_call!`, switched off.
    Idle,
    /// `static_call!` with a chain, whether it pays or not.
    Chain,
    /// `static_call!` with `inline = […]`, guards and chain on, whether they pay or not.
    Inline,
    /// `static_call!`, as the runtime decides.
    Auto,
    /// `static_call!` with `inline = […]`, as the runtime decides.
    AutoInline,
    /// `specialize!`.
    Specialize,
    /// An enum and a `match` written by hand.
    Enum,
    /// `enum_dispatch` 0.3.
    EnumDispatch,
    /// `devirt` 0.2.
    Devirt,
    /// A generic function, instantiated with the type.
    Generics,
}

impl Column {
    /// All, in the order shown.
    pub const ALL: [Column; 12] = [
        Column::Plain,
        Column::Control,
        Column::Idle,
        Column::Chain,
        Column::Inline,
        Column::Auto,
        Column::AutoInline,
        Column::Specialize,
        Column::Enum,
        Column::EnumDispatch,
        Column::Devirt,
        Column::Generics,
    ];

    /// As given on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Column::Plain => "plain",
            Column::Control => "control",
            Column::Idle => "idle",
            Column::Chain => "chain",
            Column::Inline => "inline",
            Column::Auto => "auto",
            Column::AutoInline => "auto-inline",
            Column::Specialize => "specialize",
            Column::Enum => "enum",
            Column::EnumDispatch => "enum-dispatch",
            Column::Devirt => "devirt",
            Column::Generics => "generics",
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Column::Plain => "plain `dyn`",
            Column::Control => "plain again",
            Column::Idle => "idle",
            Column::Chain => "chain",
            Column::Inline => "inline",
            Column::Auto => "auto",
            Column::AutoInline => "auto, inline",
            Column::Specialize => "specialize!",
            Column::Enum => "enum",
            Column::EnumDispatch => "enum_dispatch",
            Column::Devirt => "devirt",
            Column::Generics => "generics",
        }
    }

    /// The mode that the runtime must be in, where that matters.
    #[must_use]
    pub fn mode(self) -> Option<Mode> {
        match self {
            Column::Idle => Some(Mode::Off),
            Column::Chain | Column::Inline => Some(Mode::Always),
            Column::Auto | Column::AutoInline => Some(Mode::Auto),
            _ => None,
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.id())
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Column::ALL.into_iter();
        all.find(|column| column.id() == text).ok_or_else(|| {
            let known = Column::ALL.map(Column::id).join(", ");
            format!("`{text}` is no column; there are {known}")
        })
    }
}
