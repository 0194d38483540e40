from vis_tasks import release_namespace

ns = release_namespace()
