"use client";

import { ActionForm } from "../../../components/action-form.tsx";
import { CheckBoxField, Field, SelectField } from "../../../components/field.tsx";
import type { Texts } from "../../../lib/texts/texts.ts";
import type { ListedUser } from "../../../lib/users.ts";
import { saveNewUser, saveUser } from "./actions.ts";

interface Choice {
  readonly id: number;
  readonly name: string;
}

interface Props {
  /** Null for a new user. */
  readonly user: ListedUser | null;
  readonly submission?: string;
  readonly roles: readonly Choice[];
  readonly warehouses: readonly Choice[];
  readonly text: Texts;
}

/** The form that changes a user or adds one. */
export function UserForm({ user, submission, roles, warehouses, text }: Props) {
  const first = warehouses[0]?.id ?? 0;
  return (
    <ActionForm
      content={JSON.stringify(user)}
      action={user ? saveUser : saveNewUser}
      submit={user ? text.save : text.addButton}
      submission={submission}
      text={text}
    >
      {(result) => {
        const shared = { result, text };
        return (
          <>
            {user && <input type="hidden" name="id" value={user.id} />}
            <Field
              {...shared}
              name="name"
              label={text.name}
              defaultValue={user?.name}
              required
              maxLength={80}
            />
            <Field
              {...shared}
              name="email"
              label={text.email}
              type="email"
              defaultValue={user?.email}
              required
              maxLength={254}
            />
            {!user && (
              <Field
                {...shared}
                name="password"
                label={text.firstPassword}
                hint={text.passwordRule}
                type="password"
                autoComplete="new-password"
                required
              />
            )}
            <SelectField
              {...shared}
              name="role"
              label={text.role}
              choices={roles}
              selected={user?.roleId ?? roles.at(-1)?.id ?? 0}
            />
            <SelectField
              {...shared}
              name="warehouse"
              label={text.ownWarehouse}
              choices={warehouses}
              selected={user?.warehouseId ?? first}
            />
            <CheckBoxField
              {...shared}
              name="warehouses"
              label={text.mayEnter}
              choices={warehouses}
              checkedValues={user?.warehouseIds ?? [first]}
            />
            {user && (
              <CheckBoxField
                {...shared}
                name="active"
                label={text.status}
                hint={text.disableHint}
                choices={[{ id: 1, name: text.active }]}
                checkedValues={user.active ? [1] : []}
              />
            )}
          </>
        );
      }}
    </ActionForm>
  );
}
