"use client";

import { useActionState } from "react";
import { FormResult } from "../../../components/form-result.tsx";
import type { Texts } from "../../../lib/language.ts";
import type { Role } from "../../../lib/people.ts";
import type { Permission } from "../../../lib/permissions.ts";
import { saveRole } from "./actions.ts";

interface Props {
  readonly role: Role;
  readonly permissions: readonly Permission[];
  readonly text: Texts;
}

export function RoleForm({ role, permissions, text }: Props) {
  const [result, action, pending] = useActionState(saveRole, {});
  return (
    <form action={action} className="panel" key={role.permissions.join()}>
      <input type="hidden" name="id" value={role.id} />
      <fieldset>
        <legend>
          {role.name} <span className="tag">{`${text.users}: ${role.users}`}</span>
        </legend>
        {permissions.map((permission) => (
          <label key={permission} className="check">
            <input
              type="checkbox"
              name="permissions"
              value={permission}
              defaultChecked={role.permissions.includes(permission)}
            />
            {text[permission]}
          </label>
        ))}
      </fieldset>
      <div className="actions">
        <button type="submit" disabled={pending}>
          {text.save}
        </button>
        <FormResult result={result} text={text} />
      </div>
    </form>
  );
}
