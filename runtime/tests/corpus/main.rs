//! Traits in the shapes of those that well-known libraries have, one file for each:
//! our own, small, with signatures of the same kinds. Each expands, and is called
//! plainly, through a site and through its object trait, in every state of a site,
//! with equal results.
#![allow(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the signatures are as libraries have them"
)]

#[path = "../proof/mod.rs"]
mod proof;

mod digest;
mod egg;
mod erased_serde;
mod fst;
mod futures_io;
mod handlebars;
mod http_body;
mod log_kv;
mod noise;
mod object_store;
mod oddio;
mod parry_composite;
mod parry_shape;
mod quinn_proto;
mod rhai;
mod slog;
mod sqlparser;
mod tracing_subscriber;
mod tracing_visit;
mod ttf_parser;
mod view;
