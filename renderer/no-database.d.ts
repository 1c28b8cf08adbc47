/**
 * What the window knows of the database driver: nothing. tsconfig.json puts this in its place, since its declarations
 * would bring all of Node's into the window's world, by way of what the routes are handed (app/api/api-deps.ts).
 */
export {};
