//! Debugging a guest as people do: `precast debug`, a process that runs
//! already, core dumps, an editor's debug adapter, and what a trap leaves.

mod adapter;
mod components;
mod cores;
mod live;
mod places;
mod reports;
mod session;
