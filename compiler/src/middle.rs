//! The middle end: what is optimised with the whole module in view, beyond what
//! the code generator does function by function. Each optimisation is a module
//! of its own, has a name in [`Optimisation`](crate::Optimisation), and says
//! what it rests on, what it gained and what it costs.
//!
//! | rank | modules |
//! |-|-|
//! | what never ran, and where time was spent | [`cold_blocks`], [`heat`] |
//! | what calls through tables reach | [`targets`] |
//! | what calls pass; what a body is, to whoever decides about it | [`passed`], [`summary`] |
//! | parameters that are constants | [`arguments`] |
//! | what an inlined body may weigh; pieces of a copy | [`rule`], [`copies`] |
//! | arithmetic on proofs | [`polynomial`] |
//! | bodies known by proof | [`product`] |
//! | which calls are inlined, which functions remain | [`inline`] |
//! | of a function's IR: ways into a block, and what they tell | [`edges`] |
//! | where values lie | [`range`] |
//! | sums of 128 bits | [`carries`] |
//! | constants in addresses; comparisons that end loops; steps by a comparison; the order of sums; indices of 64 bits | [`addresses`], [`compares`], [`steps`], [`sum_order`], [`widen`] |
//! | integers known on a path, and the path; values made in several places; edges of tables | [`known`], [`paths`], [`ssa`], [`tables`] |
//! | innermost loops; those that count; how indices move in them; their accesses; the check before one; which are worth a copy | [`loops`], [`counted`], [`strides`], [`accesses`], [`check`], [`loop_plan`] |
//! | elements that loops are at; operators of lanes; what loops compute by lane, and sum up | [`elements`], [`lane_operators`], [`lane_nodes`], [`lanes`], [`reductions`] |
//! | accesses in another order; loops of which vectors are made, what is looked at before, and what they compute | [`overlaps`], [`vector_plan`], [`vector_check`], [`vector_values`] |
//! | loops that look at bytes; eight bytes at a time | [`byte_plan`], [`byte_loops`] |
//! | addresses made before a loop; vectors in loops | [`loop_addresses`], [`vectors`] |
//! | branches past branches that are known | [`thread`] |
//! | what calls are given | [`argument_copies`] |

mod accesses;
pub(crate) mod addresses;
pub(crate) mod argument_copies;
pub(crate) mod arguments;
pub(crate) mod byte_loops;
mod byte_plan;
pub(crate) mod carries;
mod check;
mod cold_blocks;
pub(crate) mod compares;
pub(crate) mod copies;
mod counted;
mod edges;
mod elements;
pub(crate) mod heat;
pub(crate) mod inline;
mod known;
mod lane_nodes;
mod lane_operators;
mod lanes;
pub(crate) mod loop_addresses;
mod loop_plan;
mod loops;
mod overlaps;
mod passed;
mod paths;
mod polynomial;
pub(crate) mod product;
mod range;
mod reductions;
mod rule;
mod ssa;
pub(crate) mod steps;
mod strides;
pub(crate) mod sum_order;
pub(crate) mod summary;
mod tables;
pub(crate) mod targets;
pub(crate) mod thread;
mod vector_check;
mod vector_plan;
mod vector_values;
pub(crate) mod vectors;
pub(crate) mod widen;
