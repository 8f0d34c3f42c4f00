//! Modules, providers and overrides: what is refused, and what is built.

mod instances;
mod mistakes;
mod overrides;
mod routes;
mod sections;
