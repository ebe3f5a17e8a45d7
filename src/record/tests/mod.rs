//! Tests of the values, one file per kind of value.

mod codes;
mod commit;
mod ids;
mod result;
mod time;
