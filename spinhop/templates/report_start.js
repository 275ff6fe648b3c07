// Puts the page's data into its sections.

const layoutData = pageData("layout-data"), wallData = pageData("wall-data");
const courses = Object.fromEntries(Object.entries(wallData ? wallData.courses : {}).map(([title, each]) => [title, new WallCourse(each)]));
const viewer = layoutData === null ? null : new LayoutViewer(layoutData, courses);
if (wallData !== null) {
  const picker = new NeuronPicker(wallData, courses, (time) => (viewer ? viewer.setTime(time) : picker.setTime(time)));
  if (viewer) viewer.timeCallbacks.push((time) => picker.setTime(time));
}
