//! The program that a panel belongs to, as the kit asks for it: who is here and may what, what stands
//! around every page, how resources are reached, what is kept of changes.

use super::context::Context;
use super::entry::{Entries, Entry};
use super::frame::Chrome;
use super::kept::{ChosenColumns, Kept};
use crate::web::problem::Problem;
use actix_web::{HttpRequest, ResponseError};
use std::fmt::Debug;
use std::ops::DerefMut;

/// A program with a panel; a value of it stands for one request of a signed-in person.
#[expect(async_fn_in_trait, reason = "actix runs each handler on one thread; Send is not asked")]
pub trait Site: Sized + 'static {
    /// What a page or an action asks of people.
    type Permission: Debug + Copy + PartialEq + 'static;
    /// What resources are read and written through; the kit only hands it on.
    type Conn;
    /// Why that failed.
    type Error: Debug;
    /// A problem in the program's own clothes.
    type Refusal: From<Problem> + From<Self::Error> + ResponseError + 'static;

    /// Who asks.
    ///
    /// # Errors
    /// Nobody is signed in.
    fn from_request(request: &HttpRequest) -> Result<Self, Self::Refusal>;

    /// Whether this person has the permission.
    fn has_permission(&self, permission: Self::Permission) -> bool;

    /// What stands around a page at this path.
    fn build_chrome(&self, path: &str) -> Chrome;

    /// A way to the resources, for one request.
    ///
    /// # Errors
    /// There is none at the moment.
    async fn get_conn(&self) -> Result<impl DerefMut<Target = Self::Conn>, Self::Refusal>;

    /// What a failure means to the kit.
    fn classify_error(error: Self::Error) -> Failure;

    /// What was done to an object (its kind and id), newest first; of a program that keeps no such
    /// log, nothing.
    ///
    /// # Errors
    /// The log cannot be read.
    async fn load_history(
        _: &mut Self::Conn,
        _kind: &str,
        _id: &str,
        _entries: Entries,
    ) -> Result<Vec<Entry>, Self::Error> {
        Ok(Vec::new())
    }

    /// Whether people keep views of lists here, and choose their columns.
    const KEEPS_VIEWS: bool = false;

    /// What this person keeps of a list, by the list's name.
    fn kept_of(&self, _list: &str) -> Kept {
        Kept::default()
    }

    /// Keeps a choice of columns: none = those that the list has by itself. Answers what to say of it.
    ///
    /// # Errors
    /// It is not kept.
    async fn keep_columns(
        _: &Context<Self>,
        _: ChosenColumns<'_>,
    ) -> Result<String, Self::Refusal> {
        Ok(String::new())
    }

    /// Whether this person typed their password lately. A program that does not ask for it is content.
    fn is_confirmed(_: &Context<Self>) -> bool {
        true
    }

    /// Takes the person's password: none, or what is wrong with it.
    ///
    /// # Errors
    /// It cannot be compared.
    async fn confirm_password(_: &Context<Self>, _: &str) -> Result<Option<String>, Self::Refusal> {
        Ok(None)
    }

    /// Locks what only the next page may show, for the session to hold; none = it is not held.
    fn seal_secret(&self, _plain: &[u8]) -> Option<String> {
        None
    }

    /// Opens what was locked.
    fn open_secret(&self, _sealed: &str) -> Option<Vec<u8>> {
        None
    }
}

/// A failure as the kit tells it from others.
#[derive(Debug)]
pub enum Failure {
    /// It is not there, or not any more.
    Missing,
    /// Someone else changed it since it was read.
    Stale,
    /// Anything else.
    Other(Problem),
}
