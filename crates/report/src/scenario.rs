//! The sections of measured scenarios: question, answer, charts, table, command.

pub(crate) mod bars;
pub(crate) mod curves;
pub(crate) mod depth;
pub(crate) mod group;
pub(crate) mod host;
pub(crate) mod jobs;
pub(crate) mod remote_workers;
pub(crate) mod resources;
pub(crate) mod section;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod words;
