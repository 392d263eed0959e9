//! A GitLab to try Signalbox with, where there is none.

#![forbid(unsafe_code)]

use clap::Parser;
use signalbox_gitlab_stand_in::{Commit, GitLab, Group, Project, Token};
use std::io::{self, Write};

/// A GitLab in memory: projects with one commit each, and a token that may do all.
#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8929")]
    bind: String,
    /// How many projects there are.
    #[arg(long, default_value_t = 3)]
    projects: u32,
    /// The access token.
    #[arg(long, default_value = "glpat-stand-in")]
    token: String,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Options { bind, projects, token } = Options::parse();
    let gitlab = GitLab::start_at(&bind).await?;
    gitlab.add_token(Token::personal(&token).admin());
    gitlab.add_group(Group::new("group"));
    for number in 1..=projects {
        let head = Commit::new(&format!("{number:040x}"), "Initial commit");
        gitlab.add_project(Project::new(&format!("group/app-{number}")).branch("main", head));
    }
    let address = gitlab.address();
    writeln!(io::stdout(), "GitLab stand-in: {address}, access token {token}")?;
    tokio::signal::ctrl_c().await
}
