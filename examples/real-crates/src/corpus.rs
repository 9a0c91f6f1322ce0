//! Which crates, in which versions, and in which forms.

/// A published crate.
pub(crate) struct Crate {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// Crates that are built and measured together.
pub(crate) struct Family {
    /// The crate that gives the family its name: the one whose calls are annotated.
    pub(crate) name: &'static str,
    pub(crate) crates: &'static [Crate],
    /// What its program in `measure/` needs besides, with the version; [`None`] if
    /// there is no program.
    pub(crate) measured_with: Option<&'static [(&'static str, &'static str)]>,
}

/// A form in which every crate of a family is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As published.
    Plain,
    /// As published, once more: the control.
    Control,
    /// Annotated.
    Static,
    /// The same without its lists of types.
    Unlisted,
    /// With the hot `dyn` replaced by hand: the ceiling.
    Concrete,
}

impl Variant {
    pub(crate) const ALL: [Variant; 5] = [
        Variant::Plain,
        Variant::Control,
        Variant::Static,
        Variant::Unlisted,
        Variant::Concrete,
    ];

    /// Its folder, and the build metadata of its version.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Variant::Plain => "plain",
            Variant::Control => "control",
            Variant::Static => "static",
            Variant::Unlisted => "unlisted",
            Variant::Concrete => "concrete",
        }
    }

    /// The patch that crates may have for it.
    pub(crate) fn patch(self) -> Option<&'static str> {
        match self {
            Variant::Plain | Variant::Control => None,
            Variant::Static | Variant::Unlisted => Some("static.patch"),
            Variant::Concrete => Some("concrete.patch"),
        }
    }
}

/// All families.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "nes_rust",
        crates: &[Crate {
            name: "nes_rust",
            version: "0.1.2",
        }],
        measured_with: Some(&[]),
    },
    Family {
        name: "rubato",
        crates: &[
            Crate {
                name: "audioadapter",
                version: "5.0.0",
            },
            Crate {
                name: "audioadapter-buffers",
                version: "5.2.0",
            },
            Crate {
                name: "rubato",
                version: "5.0.1",
            },
        ],
        measured_with: Some(&[]),
    },
    Family {
        name: "implicit3d",
        crates: &[Crate {
            name: "implicit3d",
            version: "0.16.0",
        }],
        measured_with: Some(&[("nalgebra", "0.34")]),
    },
    Family {
        name: "sqlparser",
        crates: &[Crate {
            name: "sqlparser",
            version: "0.63.0",
        }],
        measured_with: None,
    },
    Family {
        name: "lyon_tessellation",
        crates: &[Crate {
            name: "lyon_tessellation",
            version: "1.0.23",
        }],
        measured_with: None,
    },
];

/// The family with this name.
pub(crate) fn family(name: &str) -> Result<&'static Family, String> {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    FAMILIES
        .iter()
        .find(|family| family.name == name)
        .ok_or_else(|| format!("unknown; there are {}", names.join(", ")))
}
