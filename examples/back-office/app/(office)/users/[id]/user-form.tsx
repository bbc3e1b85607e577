"use client";

import { useActionState } from "react";
import { FormResult } from "../../../../components/form-result.tsx";
import type { Texts } from "../../../../lib/language.ts";
import type { ListedUser } from "../../../../lib/people.ts";
import { saveUser } from "./actions.ts";

interface Choice {
  readonly id: number;
  readonly name: string;
}

interface Props {
  readonly user: ListedUser;
  readonly roles: readonly Choice[];
  readonly warehouses: readonly Choice[];
  readonly text: Texts;
}

export function UserForm({ user, roles, warehouses, text }: Props) {
  const [result, action, pending] = useActionState(saveUser, {});
  return (
    <form action={action} className="panel wide" key={JSON.stringify(user)}>
      <input type="hidden" name="id" value={user.id} />
      <label>
        {text.name}
        <input name="name" defaultValue={user.name} required maxLength={80} autoComplete="off" />
      </label>
      <label>
        {text.email}
        <input
          name="email"
          type="email"
          defaultValue={user.email}
          required
          maxLength={254}
          autoComplete="off"
        />
      </label>
      <label>
        {text.role}
        <select name="role" defaultValue={user.roleId}>
          {roles.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {text.ownWarehouse}
        <select name="warehouse" defaultValue={user.warehouseId}>
          {warehouses.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{text.mayEnter}</legend>
        {warehouses.map(({ id, name }) => (
          <label key={id} className="check">
            <input
              type="checkbox"
              name="warehouses"
              value={id}
              defaultChecked={user.warehouseIds.includes(id)}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <label className="check">
        <input
          type="checkbox"
          name="active"
          value="1"
          defaultChecked={user.active}
          aria-describedby="active-hint"
        />
        {text.active}
      </label>
      <p id="active-hint" className="hint">
        {text.disableHint}
      </p>
      <div className="actions">
        <button type="submit" className="primary" disabled={pending}>
          {text.save}
        </button>
        <FormResult result={result} text={text} />
      </div>
    </form>
  );
}
