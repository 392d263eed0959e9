//! The parameters of a webhook's action: their fields, and how those are filled in.

use crate::web::admin::jobs::page::stored_params;
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::form::Values;
use signalbox_actions::Catalogue;
use signalbox_core::action::{Parameter, ParameterKind};
use signalbox_i18n::say;

/// They are named so: `param.branch`.
pub(super) const PARAM: &str = "param.";

/// The parameters of the chosen action: none, if it declares none.
pub(super) fn parameter_fieldset(catalogue: &Catalogue, values: &Values) -> Fieldset {
    let spec = catalogue.get(values.get_trimmed("action"));
    let fields: Vec<Field> =
        spec.iter().flat_map(|spec| &spec.parameters).map(parameter_field).collect();
    Fieldset { id: "parameters", legend: "Parameters", paired: true, fields, ..Fieldset::default() }
}

fn parameter_field(parameter: &Parameter) -> Field {
    let name = format!("{PARAM}{}", parameter.name);
    // Left out, the entry's default counts; where there is none, a choice must be made.
    let none = Choice::new("", if parameter.required { "Choose…" } else { "Default" });
    let widget = match &parameter.kind {
        ParameterKind::Text { .. }
        | ParameterKind::GitRef
        | ParameterKind::GitSha
        | ParameterKind::ProjectPath => Widget::Text,
        ParameterKind::Integer { min, max } => Widget::Number { min: *min, max: *max },
        ParameterKind::Boolean => Widget::Select(vec![
            Choice::new("", "Default"),
            Choice::new("true", "Yes"),
            Choice::new("false", "No"),
        ]),
        ParameterKind::Choice(words) => {
            let words = words.iter().map(|word| Choice::new(word.clone(), word.clone()));
            Widget::Select(std::iter::once(none).chain(words).collect())
        }
    };
    let usual = parameter.default.as_ref().map(|value| say!("Default: {value}.", value = value));
    let help =
        [Some(parameter.help.clone()), usual].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let field = Field::new(name, parameter.name.clone(), widget).with_help(help);
    if parameter.required { field.as_required() } else { field }
}

/// Fills in an action's parameters as they are stored.
pub(super) fn fill_parameters(values: &mut Values, stored: &serde_json::Value) {
    for (name, text) in stored_params(stored) {
        values.set_field(&format!("{PARAM}{name}"), text);
    }
}
