//! The gallery's listing, as a photo service's API would give it: photographs, drawings, and things that are neither.
//!
//! `fixtures/gallery.json` lists 91 pictures (JPEG and PNG) mixed with GIFs and with albums, which have no type. Its
//! links are relative; the server prepends the host of the client's request.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The listing's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GalleryListing {
    /// The gallery's items, in order.
    pub data: Vec<Item>,
}

/// One thing in the gallery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its URL.
    pub link: String,
    /// Its media type; an album has none.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl GalleryListing {
    /// The built-in gallery, with relative links (`/images/photo_001.jpg`).
    pub fn built_in() -> Self {
        serde_json::from_str(include_str!("../../../fixtures/gallery.json")).expect("a test reads the same file")
    }

    /// The links of pictures for which thumbnails can be made: JPEG and PNG.
    pub fn pictures(&self) -> impl Iterator<Item = &str> {
        let wanted = |item: &&Item| matches!(item.media_type.as_deref(), Some("image/jpeg" | "image/png"));
        self.data.iter().filter(wanted).map(|item| item.link.as_str())
    }

    /// The JSON, with links on `host` (`127.0.0.1:8080`).
    pub(super) fn on_host(&self, host: &str) -> Bytes {
        let on_host = |item: &Item| Item { link: format!("http://{host}{}", item.link), ..item.clone() };
        let listing = Self { data: self.data.iter().map(on_host).collect() };
        serde_json::to_vec(&listing).expect("texts always serialise").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn exactly_91_of_the_listing_are_pictures() {
        let listing = GalleryListing::built_in();
        let pictures: HashSet<&str> = listing.pictures().collect();
        let numbered = |prefix: &'static str, last: u32, end: &'static str, digits: usize| {
            (1..=last).map(move |number| format!("/images/{prefix}_{number:0digits$}.{end}"))
        };
        let expected: Vec<String> = numbered("photo", 88, "jpg", 3).chain(numbered("drawing", 3, "png", 1)).collect();
        assert_eq!(pictures, expected.iter().map(String::as_str).collect());
        assert_eq!(listing.pictures().count(), 91, "none twice");
        assert!(listing.data.iter().any(|item| item.media_type.is_none()), "albums");
        assert!(listing.data.iter().any(|item| item.media_type.as_deref() == Some("image/gif")), "GIFs");
    }

    #[test]
    fn links_lead_to_the_host_that_was_asked() {
        let json = GalleryListing::built_in().on_host("quote\".example:80");
        let listing: GalleryListing = serde_json::from_slice(&json).unwrap();
        assert!(listing.data.iter().all(|item| item.link.starts_with("http://quote\".example:80/")));
    }
}
