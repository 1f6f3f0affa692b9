//! stub
//! stub
use crate::results::store::Store;
use std::path::Path;
/// stub
pub fn refresh(_: &Store, _: &Path) -> Result<Vec<String>, crate::results::store::StoreError> {
    Ok(Vec::new())
}
