//! Which site is meant: by its object and its number there, and by its place in the source.

use super::LoadedObject;
use super::state::Details;
use crate::site::Site;

/// Which site it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) plugin: Option<u64>,
    pub(crate) index: usize,
}

/// The site, and what is known of it.
pub(super) fn find(
    objects: &mut [LoadedObject],
    place: Place,
) -> Option<(&'static Site, &mut Details)> {
    let mut objects = objects.iter_mut();
    let object = objects.find(|object| object.plugin == place.plugin)?;
    let details = object.details.get_mut(place.index)?.as_deref_mut()?;
    Some((&object.sites[place.index], details))
}

/// The number of each site among those at the same line and column, where there are several, as
/// the report and plans count them: the linker's order is the last word, so that a site keeps it.
pub(crate) fn numbers(sites: &'static [Site]) -> Vec<Option<u32>> {
    let place = |site: &Site| (site.file(), site.line(), site.column());
    let mut order: Vec<usize> = (0..sites.len()).collect();
    order.sort_by_key(|index| (place(&sites[*index]), *index));
    let mut numbers = vec![None; sites.len()];
    for together in order.chunk_by(|one, other| place(&sites[*one]) == place(&sites[*other])) {
        if together.len() > 1 {
            for (number, index) in (1..).zip(together) {
                numbers[*index] = Some(number);
            }
        }
    }
    numbers
}
