//! Traits of all shapes.
