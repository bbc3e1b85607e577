"use client";

import { ActionForm } from "../../../components/action-form.tsx";
import { CheckBoxField, Field } from "../../../components/field.tsx";
import type { Permission } from "../../../lib/permissions.ts";
import type { Role } from "../../../lib/roles.ts";
import type { Texts } from "../../../lib/texts/texts.ts";
import { saveNewRole, saveRole } from "./actions.ts";

interface Props {
  readonly role: Role;
  readonly permissions: readonly Permission[];
  readonly text: Texts;
}

/** The form that changes the permissions of a role. */
export function RoleForm({ role, permissions, text }: Props) {
  return (
    <ActionForm
      content={role.permissions.join()}
      action={saveRole}
      submit={text.save}
      text={text}
      isOneOfMany
    >
      {(result) => (
        <>
          <input type="hidden" name="id" value={role.id} />
          <h2>
            {role.name} <span className="tag">{`${text.users}: ${role.users}`}</span>
          </h2>
          <CheckBoxField
            name="permissions"
            label={text.permissions}
            choices={permissions.map((id) => ({ id, name: text[id] }))}
            checkedValues={role.permissions}
            result={result}
            text={text}
          />
        </>
      )}
    </ActionForm>
  );
}

/** The form that adds a role. */
export function NewRoleForm({
  permissions,
  submission,
  text,
}: Omit<Props, "role"> & { readonly submission: string }) {
  return (
    <ActionForm action={saveNewRole} submit={text.addButton} submission={submission} text={text}>
      {(result) => (
        <>
          <h2>{text.addRole}</h2>
          <Field
            name="name"
            label={text.name}
            result={result}
            text={text}
            required
            maxLength={80}
            aria-keyshortcuts="n"
          />
          <CheckBoxField
            name="permissions"
            label={text.permissions}
            choices={permissions.map((id) => ({ id, name: text[id] }))}
            checkedValues={[]}
            result={result}
            text={text}
          />
        </>
      )}
    </ActionForm>
  );
}
