//! Judge any Aircall webhook receiver, in any language, over real HTTP.
//!
//! A [`Check`] puts every case of the [`catalogue`](mod@catalogue) to an [`Endpoint`]: a URL, or a tower service in this
//! process. What comes back is kept first and judged afterwards:
//!
//! ```text
//! case -> delivery -> endpoint -> observation -> verdict -> report
//! ```
//!
//! The judge shares no code with what it judges, and no evidence is never a pass: a 2xx to a wrong token, for instance,
//! leaves open whether the event was handled, and is reported as inconclusive, unless the receiver reports to a
//! [`Collector`] what it handles.
//!
//! Beside that road stand [`policy`], which is how Aircall counts failures and switches a webhook off, played against a
//! model or a real receiver, and [`fuzz`], which makes what nobody has written down.
//!
//! ```no_run
//! use aircall_conformance::{Check, Endpoint, Roots, Token};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::url("http://127.0.0.1:3000/aircall/webhook".parse()?, &Roots::System)?;
//! let report = Check::new(endpoint, Token::new(std::env::var("AIRCALL_TOKEN")?)?).run().await?;
//! println!("{}", report.human());
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod token;

pub mod case;
/// Every case there is.
pub mod catalogue;
pub mod delivery;
pub mod endpoint;
pub mod collector;
pub mod observation;
pub mod verdict;
pub mod report;
pub mod run;
pub mod fuzz;
pub mod policy;

pub mod receiver;

pub use collector::Collector;
pub use endpoint::{Endpoint, InvalidTarget, Roots, Target, TlsError};
pub use report::{Conclusion, Detail, Layout, Report};
pub use run::{Check, NotReached};
pub use token::{EmptyToken, MASK, Token};
