//! Where people look: the report, and the review in which they settle what is open.

pub mod report;

pub mod serve;

pub mod review;
