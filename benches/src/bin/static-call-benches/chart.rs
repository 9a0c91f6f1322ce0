//! The ratios as a picture.
use static_call_benches::rows::Results;
use std::path::Path;

pub(crate) fn draw(_results: &Results, _path: &Path) -> Result<(), String> {
    Ok(())
}
