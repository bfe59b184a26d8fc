/** Flags, environment and configuration file: a flag goes first, then ARCRTC_RELAY_*, the file, the default. */
import type { Command } from "commander";
import { readTextFile } from "../ui/text_file.ts";
import { CliError } from "../ui/cli_error.ts";
import type { Io } from "../ui/io.ts";
import { nearestName } from "../ui/nearest_name.ts";
import {
  RELAY_SETTINGS,
  type Setting,
  SETTING_NAMES,
  type SettingName,
  type Written,
  type WrittenSettings,
} from "./relay_settings.ts";

/** Gathers what flags, environment, file and defaults say. @throws CliError for a file that cannot be used. */
export function gatherSettings(command: Command, io: Io): WrittenSettings {
  const flags: Readonly<Record<string, unknown>> = command.opts();
  const isFlag = (key: string) => command.getOptionValueSource(key) === "cli";
  const path = isFlag("config") ? String(flags.config) : io.env("ARCRTC_RELAY_CONFIG");
  const file = path === undefined ? {} : readConfigFile(path);
  const written: Partial<Record<SettingName, Written>> = {};
  for (const name of SETTING_NAMES) {
    const setting: Setting = RELAY_SETTINGS[name];
    const variable = `ARCRTC_RELAY_${name.toUpperCase().replaceAll("-", "_")}`;
    const inEnvironment = io.env(variable);
    if (isFlag(camelCase(name))) {
      const where = setting.isOn ? `--no-${name}` : `--${name}`;
      written[name] = { text: String(flags[camelCase(name)]), where };
    } else if (inEnvironment !== undefined) written[name] = { text: inEnvironment, where: variable };
    else if (file[name] !== undefined) written[name] = file[name];
    else if (setting.default !== undefined) written[name] = { text: setting.default, where: `--${name}` };
    else if (setting.isOn) written[name] = { text: "true", where: `--${name}` };
  }
  return written;
}

function readConfigFile(path: string): WrittenSettings {
  let json: unknown;
  const text = readTextFile(path);
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CliError(
      "usage",
      `${path} is no JSON: ${error instanceof Error ? error.message : error}`,
      'it takes an object such as {"udp_port": 3478, "max_bitrate": "5M"}',
    );
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new CliError("usage", `${path} is no JSON object`, 'write {"udp_port": 3478, "max_bitrate": "5M"}');
  }
  const keys = SETTING_NAMES.map((name) => name.replaceAll("-", "_"));
  const written: Partial<Record<SettingName, Written>> = {};
  for (const [key, value] of Object.entries(json)) {
    const i = keys.indexOf(key);
    if (i < 0) {
      const near = nearestName(key, keys);
      throw new CliError(
        "usage",
        `${path}: there is no setting '${key}'`,
        near === undefined ? `the settings are ${keys.join(", ")}` : `did you mean '${near}'?`,
      );
    }
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new CliError(
        "usage",
        `${path}: '${key}' is not a string, number or boolean`,
        "write it as the flag takes it",
      );
    }
    written[SETTING_NAMES[i]] = { text: String(value), where: `${path}: ${key}` };
  }
  return written;
}

/** Commander's name of a flag's value. */
function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
